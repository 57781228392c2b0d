package temporal_test

import (
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"

	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
	exports "github.com/quicksight-go/snapshotjob/temporal"
)

// newConnection makes a connection that is not used, to a server that isn't there.
func newConnection(t *testing.T) client.Client {
	t.Helper()
	connection, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: quiet})
	require.NoError(t, err)
	t.Cleanup(connection.Close)
	return connection
}

func TestNewWorkerAcceptsCredentials(t *testing.T) {
	tests := []struct {
		name   string
		faults []snapshotjobtest.Fault
	}{
		{name: "the job is not found"},
		{
			name:   "the account is another's",
			faults: []snapshotjobtest.Fault{snapshotjobtest.Answer(http.StatusUnauthorized, "AccessDeniedException", "no")},
		},
		{
			name:   "the service is down",
			faults: snapshotjobtest.ServerError(http.StatusServiceUnavailable).Times(3),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			fake := newFake(t, nil)
			fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob, test.faults...)
			w, err := exports.NewWorker(newConnection(t), exports.Options{Client: fake.Client(), TaskQueue: "exports"})
			require.NoError(t, err)
			assert.NotNil(t, w)
		})
	}
}

func TestNewWorkerRefusesCredentials(t *testing.T) {
	fake := newFake(t, nil)
	options := exports.Options{Client: fake.Client(), TaskQueue: "exports"}
	fake.Fail(snapshotjobtest.DescribeDashboardSnapshotJob,
		snapshotjobtest.Answer(http.StatusForbidden, "UnrecognizedClientException", "The security token is invalid."))
	_, err := exports.NewWorker(newConnection(t), options)
	assert.ErrorContains(t, err, "the worker cannot call QuickSight")
	assert.ErrorContains(t, err, "UnrecognizedClientException")
}

func TestNewWorkerRefusesOptions(t *testing.T) {
	good := exports.Options{Client: newFake(t, nil).Client(), TaskQueue: "exports"}
	tests := []struct {
		name   string
		change func(*exports.Options)
		want   string
	}{
		{
			name:   "no client",
			change: func(o *exports.Options) { o.Client = nil },
			want:   "Options.Client is nil",
		},
		{
			name:   "no queue",
			change: func(o *exports.Options) { o.TaskQueue = "" },
			want:   "Options.TaskQueue is empty",
		},
		{
			name:   "negative rate",
			change: func(o *exports.Options) { o.StartsPerSecond = -1 },
			want:   "Options.StartsPerSecond is -1",
		},
		{
			name:   "no rate",
			change: func(o *exports.Options) { o.StartsPerSecond = math.NaN() },
			want:   "Options.StartsPerSecond is NaN",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options := good
			test.change(&options)
			_, err := exports.NewWorker(newConnection(t), options)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestStartsHaveAQueueOfTheirOwn(t *testing.T) {
	assert.Equal(t, "exports-start", exports.StartTaskQueue("exports"))
}

func TestRegisterAddsToWorkersOfOnesOwn(t *testing.T) {
	connection := newConnection(t)
	options := exports.Options{Client: newFake(t, nil).Client()}
	workflows := worker.New(connection, "exports", worker.Options{})
	starts := worker.New(connection, exports.StartTaskQueue("exports"), worker.Options{
		TaskQueueActivitiesPerSecond: 0.5,
	})
	require.NoError(t, exports.Register(workflows, options))
	require.NoError(t, exports.Register(starts, options))
	assert.ErrorContains(t, exports.Register(workflows, exports.Options{}), "Options.Client is nil")
	assert.ErrorContains(t, exports.Register(nil, options), "the worker is nil")
}

func TestNewWorkerRefusesANilConnection(t *testing.T) {
	options := exports.Options{Client: newFake(t, nil).Client(), TaskQueue: "exports"}
	_, err := exports.NewWorker(nil, options)
	assert.ErrorContains(t, err, "the connection is nil")
}
