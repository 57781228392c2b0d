package snapshotjob

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// matchedTime is the time of a parameter. It has more than milliseconds.
var matchedTime = time.Date(2026, 2, 3, 4, 5, 6, 7_000_999, time.FixedZone("X", 3600))

// matchedInput is an input in which everything is set.
func matchedInput() *StartDashboardSnapshotJobInput {
	in := exampleStart()
	in.SnapshotConfiguration.FileGroups = []SnapshotFileGroup{PDF("sheet"), CSV("sheet", "visual")}
	in.SnapshotConfiguration.DestinationConfiguration = matchedDestination("bucket")
	in.SnapshotConfiguration.Parameters = matchedParameters()
	in.UserConfiguration = AnonymousUser(
		SessionTag{Key: "tenant", Value: "1"},
		SessionTag{Key: "region", Value: "north"},
	)
	return in
}

func matchedDestination(bucket string) *SnapshotDestinationConfiguration {
	place := SnapshotS3DestinationConfiguration{
		BucketConfiguration: S3BucketConfiguration{BucketName: bucket, BucketPrefix: "p", BucketRegion: "us-east-1"},
	}
	return &SnapshotDestinationConfiguration{S3Destinations: []SnapshotS3DestinationConfiguration{place}}
}

func matchedParameters() *Parameters {
	return &Parameters{
		StringParameters: []StringParameter{
			{Name: "s", Values: []string{"a", "b"}},
			{Name: "t", Values: []string{"c"}},
		},
		IntegerParameters:  []IntegerParameter{{Name: "i", Values: []int64{1 << 62}}},
		DecimalParameters:  []DecimalParameter{{Name: "d", Values: []float64{1.5, math.NaN(), math.Inf(-1)}}},
		DateTimeParameters: []DateTimeParameter{{Name: "w", Values: []time.Time{matchedTime}}},
	}
}

// matchedDescription is the description of a job with matchedInput.
func matchedDescription() *DescribeDashboardSnapshotJobOutput {
	in := matchedInput()
	in.SnapshotConfiguration.Parameters.DateTimeParameters[0].Values[0] = matchedTime.UTC().Truncate(time.Millisecond)
	user := SnapshotAnonymousUserRedacted{RowLevelPermissionTagKeys: []string{"region", "tenant"}}
	return &DescribeDashboardSnapshotJobOutput{
		Job:                   exampleJob,
		SnapshotConfiguration: in.SnapshotConfiguration,
		UserConfiguration:     &SnapshotUserConfigurationRedacted{AnonymousUsers: []SnapshotAnonymousUserRedacted{user}},
	}
}

// descriptionCase changes a description that matches its input.
type descriptionCase struct {
	name   string
	change func(*DescribeDashboardSnapshotJobOutput)
}

func checkMatches(t *testing.T, want bool, tests []descriptionCase) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			description := matchedDescription()
			tt.change(description)
			assert.Equal(t, want, description.Matches(matchedInput()))
		})
	}
}

func TestDescriptionMatches(t *testing.T) {
	checkMatches(t, true, []descriptionCase{
		{name: "as it is", change: func(*DescribeDashboardSnapshotJobOutput) {}},
		{name: "without destination", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.DestinationConfiguration = nil
		}},
		{name: "without parameters", change: func(o *DescribeDashboardSnapshotJobOutput) { o.SnapshotConfiguration.Parameters = nil }},
		{name: "without users", change: func(o *DescribeDashboardSnapshotJobOutput) { o.UserConfiguration = nil }},
		{name: "without values", change: func(o *DescribeDashboardSnapshotJobOutput) {
			parameters := o.SnapshotConfiguration.Parameters
			parameters.StringParameters[0].Values = nil
			parameters.IntegerParameters[0].Values = nil
			parameters.DecimalParameters[0].Values = []float64{}
			parameters.DateTimeParameters[0].Values = nil
		}},
		{name: "parameters in another order", change: func(o *DescribeDashboardSnapshotJobOutput) {
			list := o.SnapshotConfiguration.Parameters.StringParameters
			list[0], list[1] = list[1], list[0]
		}},
		{name: "an empty list of visuals", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections[0].VisualIDs = []string{}
		}},
		{name: "times with nanoseconds", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.Parameters.DateTimeParameters[0].Values[0] = matchedTime
		}},
		{name: "another job", change: func(o *DescribeDashboardSnapshotJobOutput) { o.Job = Job{} }},
	})
}

// A description without files tells too little.
func TestDescriptionWithoutFilesDoesNotMatch(t *testing.T) {
	checkMatches(t, false, []descriptionCase{
		{name: "empty", change: func(o *DescribeDashboardSnapshotJobOutput) { *o = DescribeDashboardSnapshotJobOutput{} }},
		{name: "without files", change: func(o *DescribeDashboardSnapshotJobOutput) { o.SnapshotConfiguration.FileGroups = nil }},
	})
}

func TestDescriptionOfOtherFilesDoesNotMatch(t *testing.T) {
	checkMatches(t, false, []descriptionCase{
		{name: "fewer groups", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups = o.SnapshotConfiguration.FileGroups[:1]
		}},
		{name: "another format", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups[1].Files[0].FormatType = SnapshotFileFormatTypeExcel
		}},
		{name: "another sheet", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups[0] = PDF("other")
		}},
		{name: "another visual", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups[1] = CSV("sheet", "other")
		}},
		{name: "another scope", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.FileGroups[0].Files[0].SheetSelections[0].SelectionScope = "X"
		}},
		{name: "another destination", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.SnapshotConfiguration.DestinationConfiguration = matchedDestination("other")
		}},
		{name: "another tag", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTagKeys[0] = "other"
		}},
		{name: "no tags", change: func(o *DescribeDashboardSnapshotJobOutput) {
			o.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTagKeys = nil
		}},
	})
}

// parametersCase changes the parameters of a description.
func parametersCase(name string, change func(*Parameters)) descriptionCase {
	return descriptionCase{
		name:   name,
		change: func(o *DescribeDashboardSnapshotJobOutput) { change(o.SnapshotConfiguration.Parameters) },
	}
}

func TestDescriptionOfOtherParametersDoesNotMatch(t *testing.T) {
	checkMatches(t, false, []descriptionCase{
		parametersCase("none", func(p *Parameters) { *p = Parameters{} }),
		parametersCase("a name", func(p *Parameters) { p.StringParameters[0].Name = "other" }),
		parametersCase("a name without values", func(p *Parameters) { p.StringParameters[0] = StringParameter{} }),
		parametersCase("a string", func(p *Parameters) { p.StringParameters[0].Values[1] = "other" }),
		parametersCase("fewer strings", func(p *Parameters) { p.StringParameters[0].Values = []string{"a"} }),
		parametersCase("fewer parameters", func(p *Parameters) { p.StringParameters = p.StringParameters[:1] }),
		parametersCase("an integer", func(p *Parameters) { p.IntegerParameters[0].Values[0]-- }),
		parametersCase("a number", func(p *Parameters) { p.DecimalParameters[0].Values[0] = 1.25 }),
		parametersCase("a number for NaN", func(p *Parameters) { p.DecimalParameters[0].Values[1] = 0 }),
		parametersCase("NaN for a number", func(p *Parameters) { p.DecimalParameters[0].Values[0] = math.NaN() }),
		parametersCase("another infinity", func(p *Parameters) { p.DecimalParameters[0].Values[2] = math.Inf(1) }),
		parametersCase("a millisecond later", func(p *Parameters) {
			p.DateTimeParameters[0].Values[0] = matchedTime.Add(time.Millisecond)
		}),
		parametersCase("a second earlier", func(p *Parameters) {
			p.DateTimeParameters[0].Values[0] = matchedTime.Add(-time.Second)
		}),
	})
}

func TestDescriptionAndNil(t *testing.T) {
	var none *DescribeDashboardSnapshotJobOutput
	assert.False(t, matchedDescription().Matches(nil))
	assert.False(t, none.Matches(matchedInput()))
	assert.False(t, none.Matches(nil))
}

// An input may lack what a description has.
func TestDescriptionOfMoreThanTheInputDoesNotMatch(t *testing.T) {
	changes := map[string]func(*StartDashboardSnapshotJobInput){
		"destination": func(in *StartDashboardSnapshotJobInput) {
			in.SnapshotConfiguration.DestinationConfiguration = nil
		},
		"parameters": func(in *StartDashboardSnapshotJobInput) { in.SnapshotConfiguration.Parameters = nil },
		"users":      func(in *StartDashboardSnapshotJobInput) { in.UserConfiguration = nil },
		"everything": func(in *StartDashboardSnapshotJobInput) { *in = StartDashboardSnapshotJobInput{} },
	}
	for name, change := range changes {
		in := matchedInput()
		change(in)
		assert.False(t, matchedDescription().Matches(in), name)
	}
}

func TestEmptyParametersOfADescriptionMatchNone(t *testing.T) {
	in := matchedInput()
	in.SnapshotConfiguration.Parameters = nil
	description := matchedDescription()
	description.SnapshotConfiguration.Parameters = new(Parameters)
	assert.True(t, description.Matches(in))
}

// The job of a registered user has no user configuration.
func TestAnonymousUserWithoutTagsIsNoRegisteredUser(t *testing.T) {
	in := matchedInput()
	in.UserConfiguration = nil
	description := matchedDescription()
	description.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTagKeys = nil
	assert.False(t, description.Matches(in))
	description.UserConfiguration.AnonymousUsers = nil
	assert.True(t, description.Matches(in), "without any user")
}

func TestMatchesLeavesTheOrderAlone(t *testing.T) {
	in := matchedInput()
	list := in.SnapshotConfiguration.Parameters.StringParameters
	list[0], list[1] = list[1], list[0]
	assert.True(t, matchedDescription().Matches(in))
	assert.Equal(t, "t", list[0].Name)
}

// A time is sent as seconds with a fraction, which is not exact for some times of the
// years around 1970.
func TestTimesThatCameOverTheWireMatch(t *testing.T) {
	start := time.Date(1970, 1, 1, 0, -1, 0, 0, time.UTC)
	for i := range 5000 {
		asked := &Parameters{
			DateTimeParameters: []DateTimeParameter{
				{Name: "w", Values: []time.Time{start.Add(time.Duration(i) * 37_300 * time.Microsecond)}},
			},
		}
		var described Parameters
		if err := decodeJSON(encodeJSON(asked), &described, parameterOptions); err != nil {
			t.Fatal(err)
		}
		if !described.matches(asked) {
			t.Fatalf("described %v, asked %v", described.DateTimeParameters[0].Values, asked.DateTimeParameters[0].Values)
		}
	}
}
