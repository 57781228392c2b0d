package temporal

import (
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"
)

// The names of the activities. They stand in histories, and must not change.
const (
	startActivity   = "StartSnapshotJob"
	waitActivity    = "WaitForSnapshotJob"
	deliverActivity = "DeliverSnapshotJob"
	pageActivity    = "NextPageOfRequests"
)

// activities are the parts of the workflows that call QuickSight and the functions of
// the user. Each may run more than once for one step of a workflow.
type activities struct {
	options Options
}

func newActivities(o Options) *activities { return &activities{options: o} }

// registerAll adds all activities.
func (a *activities) registerAll(r worker.ActivityRegistry) {
	a.registerStart(r)
	r.RegisterActivityWithOptions(a.wait, activity.RegisterOptions{Name: waitActivity})
	r.RegisterActivityWithOptions(a.deliver, activity.RegisterOptions{Name: deliverActivity})
	r.RegisterActivityWithOptions(a.nextPage, activity.RegisterOptions{Name: pageActivity})
}

// registerStart adds the activity that starts jobs.
func (a *activities) registerStart(r worker.ActivityRegistry) {
	r.RegisterActivityWithOptions(a.start, activity.RegisterOptions{Name: startActivity})
}
