package main

import (
	"os"
	"strings"
)

// colors says whether words get colors.
type colors bool

// colorsFor returns whether a stream shows colors: it is a terminal, and NO_COLOR is not
// set (https://no-color.org).
func colorsFor(stream *os.File) colors {
	return colors(isTerminal(stream) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

// The sequences that begin a color, and the one that ends it.
const (
	green      = "\x1b[32m"
	yellow     = "\x1b[33m"
	red        = "\x1b[31m"
	resetColor = "\x1b[0m"
)

// statusColors are the colors of the words for statuses.
var statusColors = strings.NewReplacer(
	"COMPLETED", green+"COMPLETED"+resetColor,
	"RUNNING", yellow+"RUNNING"+resetColor,
	"QUEUED", yellow+"QUEUED"+resetColor,
	"FAILED", red+"FAILED"+resetColor,
)

// statuses returns a text with colored statuses.
func (c colors) statuses(text string) string {
	if !c {
		return text
	}
	return statusColors.Replace(text)
}
