package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// oneLine returns a text without control and format characters. Those could move the
// cursor of a terminal, or turn the order of a line around.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return ' '
		}
		return r
	}, text)
}

// plural returns a number with its noun, such as "1 file" or "2 files".
func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}

// formatSize returns a number of bytes with a unit, such as "3.1 MB".
func formatSize(bytes int64) string {
	const step = 1000
	if bytes < step {
		return fmt.Sprintf("%d B", bytes)
	}
	size := float64(bytes)
	units := []string{"B", "KB", "MB", "GB", "TB"}
	unit := 0
	for size >= step && unit < len(units)-1 {
		size /= step
		unit++
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

// formatDuration returns a duration in whole seconds, such as "1m12s".
func formatDuration(d time.Duration) string {
	return d.Round(time.Second).String()
}

// shellQuote returns an argument as a POSIX shell reads it.
func shellQuote(argument string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@,+%"
	isSpecial := func(r rune) bool { return !strings.ContainsRune(plain, r) }
	if argument != "" && !strings.ContainsFunc(argument, isSpecial) {
		return argument
	}
	return "'" + strings.ReplaceAll(argument, "'", `'\''`) + "'"
}

// shellCommand returns a command line that a POSIX shell splits into these arguments.
func shellCommand(arguments ...string) string {
	quoted := make([]string, len(arguments))
	for i, argument := range arguments {
		quoted[i] = shellQuote(argument)
	}
	return strings.Join(quoted, " ")
}
