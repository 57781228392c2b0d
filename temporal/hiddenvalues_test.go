package temporal_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// AWS quotes values that it refuses.
func TestNoErrorOfTheServiceHasTheValuesOfARequest(t *testing.T) {
	tests := []struct {
		name  string
		quote string
		want  string
	}{
		{
			name:  "a tag",
			quote: "Value 'hidden-tag' at 'userConfiguration' is refused.",
			want:  "Value 'REDACTED' at 'userConfiguration' is refused.",
		},
		{
			name:  "a tag that another one begins with",
			quote: "Value hidden-tag-2 is refused.",
			want:  "Value REDACTED is refused.",
		},
		{
			name:  "a short tag",
			quote: `Value "in" is refused in an input.`,
			want:  `Value "REDACTED" is refused in an input.`,
		},
		{
			name:  "a parameter",
			quote: "Value 'hidden-region' is refused.",
			want:  "Value 'REDACTED' is refused.",
		},
		{
			name:  "a parameter that FillIn has not added",
			quote: "Value 'given-region' is refused.",
			want:  "Value 'REDACTED' is refused.",
		},
		{
			name:  "anything else",
			quote: "Value 'sales' is refused.",
			want:  "Value 'sales' is refused.",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake(t, nil)
				fake.Fail(snapshotjobtest.StartDashboardSnapshotJob,
					snapshotjobtest.Answer(http.StatusBadRequest, "InvalidParameterValueException", test.quote))
				request := newRequest()
				request.SnapshotConfiguration.Parameters = regionParameter("given-region")
				options := exports.Options{Client: fake.Client(), FillIn: fillInHiddenValues}
				_, err := runExport(t, options, exports.ExportInput{Request: request})
				failure := applicationError(t, err)
				assert.Equal(t, "InvalidParameterValueException", failure.Type())
				assert.Contains(t, failure.Message(), test.want)
			})
		})
	}
}

// fillInHiddenValues is an Options.FillIn that adds tags and a parameter's values.
func fillInHiddenValues(_ context.Context, r *exports.Request) error {
	r.UserConfiguration = snapshotjob.AnonymousUser(
		snapshotjob.SessionTag{Key: "tenant", Value: "hidden-tag"},
		snapshotjob.SessionTag{Key: "owner", Value: "hidden-tag-2"},
		snapshotjob.SessionTag{Key: "country", Value: "in"},
	)
	r.SnapshotConfiguration.Parameters = regionParameter("given-region", "hidden-region")
	return nil
}

// regionParameter has values for the parameter "region".
func regionParameter(values ...string) *snapshotjob.Parameters {
	return &snapshotjob.Parameters{
		StringParameters: []snapshotjob.StringParameter{{Name: "region", Values: values}},
	}
}
