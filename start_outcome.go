package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ErrOutcomeUnknown is matched by the error of a [Client.StartDashboardSnapshotJob]
// that cannot tell whether the job was started. The error says what to do. A second
// start with the same id cannot make two jobs.
var ErrOutcomeUnknown = errors.New("whether the job was started is not known: " +
	"describe it, or start it again with the same id: " +
	"ResourceExistsException then means that it was started")

const (
	// dateResolution is how exactly responses tell the service's clock: their Date
	// has whole seconds, and so has the description's time at the worst.
	dateResolution = 2 * time.Second

	// largestClockError is how far the service's clock may be off where it is not
	// corrected, since the service would refuse the signature beyond that.
	largestClockError = 5 * time.Minute
)

// lostStart is a start after an attempt whose outcome is not known.
type lostStart struct {
	client    *Client
	input     *StartDashboardSnapshotJobInput
	optFns    []func(*Options)
	firstSent time.Time
}

// leavesStartOpen reports whether a start that failed may have started its job: the
// outcome of an attempt is not known, or the job exists after more than one attempt.
func leavesStartOpen(result callResult, err error) bool {
	if result.outcomeUnknown {
		return true
	}
	return result.attempts > 1 && errorCode(err) == "ResourceExistsException"
}

// resolve describes the job to learn whether the start, which failed with startErr,
// has started it.
func (l *lostStart) resolve(
	ctx context.Context,
	settings *settings,
	startErr error,
) (*StartDashboardSnapshotJobOutput, error) {
	found, err := l.client.DescribeDashboardSnapshotJob(ctx, l.input.Job, l.optFns...)
	if err != nil {
		return nil, outcomeUnknown(startErr, describeFailed(err))
	}
	if found.CreatedTime.IsZero() || len(found.SnapshotConfiguration.FileGroups) == 0 {
		vague := errors.New("and its description does not tell when it was created, and of what")
		return nil, outcomeUnknown(startErr, vague)
	}
	if found.CreatedTime.Before(l.earliestCreation(settings)) || !found.Matches(l.input) {
		return nil, startErr // another job has the id
	}
	return &StartDashboardSnapshotJobOutput{
		Job:       l.input.Job,
		ARN:       found.ARN,
		RequestID: found.RequestID,
		Status:    http.StatusOK,
	}, nil
}

// earliestCreation returns when, by the service's clock, this start can have created
// its job at the earliest.
func (l *lostStart) earliestCreation(settings *settings) time.Time {
	if settings.options.DisableClockSkewCorrection {
		return l.firstSent.Add(-largestClockError)
	}
	return l.firstSent.Add(l.client.clockSkew.load() - dateResolution)
}

// outcomeUnknown is the error of a start that cannot be resolved.
func outcomeUnknown(startErr, why error) error {
	return fmt.Errorf("%w, after %w, %w", ErrOutcomeUnknown, startErr, why)
}

// describeFailed says what it means for a lost start that describing it failed.
func describeFailed(err error) error {
	if errorCode(err) == "ResourceNotFoundException" {
		return fmt.Errorf("and no job of this id is there yet: %w", err)
	}
	return fmt.Errorf("and describing it failed: %w", err)
}

// Matches reports whether the job is one with this input, as far as a description
// tells: its files, its destination, its parameters, and the keys of its tags. A
// description does not have the values of tags. What it lacks is taken to match. Tags
// and parameters match in any order. A nil input matches no job.
func (o *DescribeDashboardSnapshotJobOutput) Matches(in *StartDashboardSnapshotJobInput) bool {
	if o == nil || in == nil {
		return false
	}
	described := o.SnapshotConfiguration
	asked := in.SnapshotConfiguration
	if len(described.FileGroups) > 0 &&
		!slices.EqualFunc(described.FileGroups, asked.FileGroups, SnapshotFileGroup.equal) {
		return false
	}
	if described.DestinationConfiguration != nil &&
		!described.DestinationConfiguration.equal(asked.DestinationConfiguration) {
		return false
	}
	if described.Parameters != nil && !described.Parameters.equal(asked.Parameters) {
		return false
	}
	return o.UserConfiguration == nil || o.UserConfiguration.equalKeys(in.UserConfiguration)
}

// equal reports whether two groups have the same files.
func (g SnapshotFileGroup) equal(other SnapshotFileGroup) bool {
	return slices.EqualFunc(g.Files, other.Files, SnapshotFile.equal)
}

// equal reports whether two files are the same.
func (f SnapshotFile) equal(other SnapshotFile) bool {
	return f.FormatType == other.FormatType &&
		slices.EqualFunc(f.SheetSelections, other.SheetSelections, SnapshotFileSheetSelection.equal)
}

// equal reports whether two selections are the same. No visuals and an empty list of
// visuals are.
func (s SnapshotFileSheetSelection) equal(other SnapshotFileSheetSelection) bool {
	return s.SelectionScope == other.SelectionScope &&
		s.SheetID == other.SheetID &&
		slices.Equal(s.VisualIDs, other.VisualIDs)
}

// equal reports whether two configurations have the same destinations.
func (d *SnapshotDestinationConfiguration) equal(other *SnapshotDestinationConfiguration) bool {
	return other != nil && slices.Equal(d.S3Destinations, other.S3Destinations)
}

// equalKeys reports whether a configuration has tags with these keys, in any order.
func (u *SnapshotUserConfigurationRedacted) equalKeys(configuration *SnapshotUserConfiguration) bool {
	var described []string
	for _, user := range u.AnonymousUsers {
		described = append(described, user.RowLevelPermissionTagKeys...)
	}
	var asked []string
	if configuration != nil {
		for _, user := range configuration.AnonymousUsers {
			for _, tag := range user.RowLevelPermissionTags {
				asked = append(asked, tag.Key)
			}
		}
	}
	slices.Sort(described)
	slices.Sort(asked)
	return slices.Equal(described, asked)
}

// equal reports whether two sets of parameters have the same names, in any order, and,
// where p has them, the same values. Nil has no parameters.
func (p *Parameters) equal(other *Parameters) bool {
	if other == nil {
		other = new(Parameters)
	}
	return equalParameters(p.StringParameters, other.StringParameters) &&
		equalParameters(p.IntegerParameters, other.IntegerParameters) &&
		equalParameters(p.DecimalParameters, other.DecimalParameters) &&
		equalParameters(p.DateTimeParameters, other.DateTimeParameters)
}

// parameter is a parameter of one of the four types.
type parameter[P any] interface {
	name() string
	equal(P) bool
}

// equalParameters compares parameters in the order of their names.
func equalParameters[P parameter[P]](described, asked []P) bool {
	byName := func(a, b P) int { return strings.Compare(a.name(), b.name()) }
	described = slices.SortedStableFunc(slices.Values(described), byName)
	asked = slices.SortedStableFunc(slices.Values(asked), byName)
	return slices.EqualFunc(described, asked, P.equal)
}

func (p StringParameter) name() string   { return p.Name }
func (p IntegerParameter) name() string  { return p.Name }
func (p DecimalParameter) name() string  { return p.Name }
func (p DateTimeParameter) name() string { return p.Name }

func (p StringParameter) equal(other StringParameter) bool {
	return p.Name == other.Name && (len(p.Values) == 0 || slices.Equal(p.Values, other.Values))
}

func (p IntegerParameter) equal(other IntegerParameter) bool {
	return p.Name == other.Name && (len(p.Values) == 0 || slices.Equal(p.Values, other.Values))
}

// equal takes NaN for equal to NaN.
func (p DecimalParameter) equal(other DecimalParameter) bool {
	sameNumber := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	return p.Name == other.Name &&
		(len(p.Values) == 0 || slices.EqualFunc(p.Values, other.Values, sameNumber))
}

// equal compares times as they are sent, to the millisecond.
func (p DateTimeParameter) equal(other DateTimeParameter) bool {
	return p.Name == other.Name &&
		(len(p.Values) == 0 || slices.EqualFunc(p.Values, other.Values, isSameTime))
}

// isSameTime reports whether a described time is one that was asked for. A time that was
// sent as seconds with a fraction may come back a millisecond earlier, because the
// fraction is not exact.
func isSameTime(described, asked time.Time) bool {
	sent := float64(asked.UnixMilli()) / 1e3
	received := int64(sent * 1e3)
	return described.UnixMilli() == asked.UnixMilli() || described.UnixMilli() == received
}
