package report

import (
	"fmt"
	"time"
)

// clock returns a time of the day in UTC.
func clock(t time.Time) string {
	return t.UTC().Format("15:04:05")
}

// roundDuration returns a duration in whole seconds, or finer if it is short.
func roundDuration(d time.Duration) string {
	if d < 10*time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// size returns a number of bytes with a unit, such as "3.1 MB".
func size(bytes int64) string {
	const step = 1000
	value := float64(bytes)
	units := []string{"B", "KB", "MB", "GB", "TB"}
	unit := 0
	for value >= step && unit < len(units)-1 {
		value /= step
		unit++
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
