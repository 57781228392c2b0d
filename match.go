package snapshotjob

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Matches reports whether the described job may be one that was started with this
// input. It compares
//
//   - the file groups, in their order: the format of each file, its sheets with their
//     scopes, and the visuals of each sheet, all in their order
//   - the destinations, in their order, if the description has a destination
//   - the parameters of each type, in any order, if the description has parameters: their
//     names and, where the description has values of a parameter, the values in their
//     order
//   - the keys of the tags, in any order, if the description has a user configuration. If
//     it has an anonymous user, the input must have a user configuration too
//
// What a description lacks is taken to match, but one without file groups tells too
// little and matches no input. The description of a registered user's job has no user
// configuration, so that it matches an input with an anonymous user too. Descriptions do
// not have the values of tags. Times are equal if they are sent alike, in milliseconds;
// NaN is equal to NaN. The ids and the times of the job are not compared. A nil input
// matches no job.
func (o *DescribeDashboardSnapshotJobOutput) Matches(in *StartDashboardSnapshotJobInput) bool {
	if o == nil || in == nil {
		return false
	}
	described := o.SnapshotConfiguration
	asked := in.SnapshotConfiguration
	return matchFileGroups(described.FileGroups, asked.FileGroups) &&
		described.DestinationConfiguration.matches(asked.DestinationConfiguration) &&
		described.Parameters.matches(asked.Parameters) &&
		o.UserConfiguration.matches(in.UserConfiguration)
}

// matchFileGroups reports whether a description has groups, and they are those that
// were asked for.
func matchFileGroups(described, asked []SnapshotFileGroup) bool {
	return len(described) > 0 && slices.EqualFunc(described, asked, SnapshotFileGroup.matches)
}

// matches reports whether the group has the files that were asked for.
func (g SnapshotFileGroup) matches(asked SnapshotFileGroup) bool {
	return slices.EqualFunc(g.Files, asked.Files, SnapshotFile.matches)
}

// matches reports whether the file is the one that was asked for.
func (f SnapshotFile) matches(asked SnapshotFile) bool {
	return f.FormatType == asked.FormatType &&
		slices.EqualFunc(f.SheetSelections, asked.SheetSelections, SnapshotFileSheetSelection.matches)
}

// matches reports whether the selection is the one that was asked for. A list of visuals
// that is nil and one that is empty are alike.
func (s SnapshotFileSheetSelection) matches(asked SnapshotFileSheetSelection) bool {
	return s.SelectionScope == asked.SelectionScope &&
		s.SheetID == asked.SheetID &&
		slices.Equal(s.VisualIDs, asked.VisualIDs)
}

// matches reports whether the configuration is absent, or has the destinations that were
// asked for. An empty one says that there are none.
func (d *SnapshotDestinationConfiguration) matches(asked *SnapshotDestinationConfiguration) bool {
	if d == nil {
		return true // the description does not tell
	}
	if asked == nil {
		asked = new(SnapshotDestinationConfiguration)
	}
	return slices.Equal(d.S3Destinations, asked.S3Destinations)
}

// matches reports whether the configuration is absent, or has the keys of the tags that
// were asked for, in any order. An input without a user configuration is that of a
// registered user, who matches no anonymous one.
func (u *SnapshotUserConfigurationRedacted) matches(asked *SnapshotUserConfiguration) bool {
	if u == nil {
		return true
	}
	if asked == nil {
		return len(u.AnonymousUsers) == 0
	}
	describedKeys := u.tagKeys()
	askedKeys := asked.tagKeys()
	slices.Sort(describedKeys)
	slices.Sort(askedKeys)
	return slices.Equal(describedKeys, askedKeys)
}

// tagKeys returns the keys of the tags of all users.
func (u *SnapshotUserConfigurationRedacted) tagKeys() []string {
	var keys []string
	for _, user := range u.AnonymousUsers {
		keys = append(keys, user.RowLevelPermissionTagKeys...)
	}
	return keys
}

// tagKeys returns the keys of the tags of all users.
func (c *SnapshotUserConfiguration) tagKeys() []string {
	var keys []string
	for _, user := range c.AnonymousUsers {
		for _, tag := range user.RowLevelPermissionTags {
			keys = append(keys, tag.Key)
		}
	}
	return keys
}

// matches reports whether the parameters are absent, or are those that were asked for. An
// empty structure says that there are none.
func (p *Parameters) matches(asked *Parameters) bool {
	if p == nil {
		return true // the description does not tell
	}
	if asked == nil {
		asked = new(Parameters)
	}
	return matchParameters(p.StringParameters, asked.StringParameters) &&
		matchParameters(p.IntegerParameters, asked.IntegerParameters) &&
		matchParameters(p.DecimalParameters, asked.DecimalParameters) &&
		matchParameters(p.DateTimeParameters, asked.DateTimeParameters)
}

// parameter is a parameter of one of the four types.
type parameter[P any] interface {
	name() string

	// matches reports whether the parameter has the name that was asked for and, if
	// it has values, the values that were asked for.
	matches(asked P) bool
}

// matchParameters compares parameters of one type in the order of their names.
func matchParameters[P parameter[P]](described, asked []P) bool {
	byName := func(a, b P) int { return strings.Compare(a.name(), b.name()) }
	described = slices.SortedStableFunc(slices.Values(described), byName)
	asked = slices.SortedStableFunc(slices.Values(asked), byName)
	return slices.EqualFunc(described, asked, P.matches)
}

func (p StringParameter) name() string   { return p.Name }
func (p IntegerParameter) name() string  { return p.Name }
func (p DecimalParameter) name() string  { return p.Name }
func (p DateTimeParameter) name() string { return p.Name }

func (p StringParameter) matches(asked StringParameter) bool {
	return p.Name == asked.Name && matchValues(p.Values, asked.Values, isSame)
}

func (p IntegerParameter) matches(asked IntegerParameter) bool {
	return p.Name == asked.Name && matchValues(p.Values, asked.Values, isSame)
}

func (p DecimalParameter) matches(asked DecimalParameter) bool {
	return p.Name == asked.Name && matchValues(p.Values, asked.Values, isSameNumber)
}

func (p DateTimeParameter) matches(asked DateTimeParameter) bool {
	return p.Name == asked.Name && matchValues(p.Values, asked.Values, isSameTime)
}

// matchValues reports whether a description has no values of a parameter, or those that
// were asked for.
func matchValues[V any](described, asked []V, same func(described, asked V) bool) bool {
	return len(described) == 0 || slices.EqualFunc(described, asked, same)
}

func isSame[V comparable](described, asked V) bool { return described == asked }

// isSameNumber reports whether two numbers are equal, or both are NaN.
func isSameNumber(described, asked float64) bool {
	return described == asked || math.IsNaN(described) && math.IsNaN(asked)
}

// isSameTime reports whether a described time is one that was asked for. A time that was
// sent as seconds with a fraction may come back a millisecond off, because the fraction is
// not exact.
func isSameTime(described, asked time.Time) bool {
	sent := epochMilliseconds(asked)
	seconds := float64(sent) / 1e3
	received := int64(seconds * 1e3)
	shown := epochMilliseconds(described)
	return shown == sent || shown == received
}
