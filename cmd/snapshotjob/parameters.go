package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// parameter is a parameter of a dashboard with its values.
type parameter[V any] struct {
	name   string
	values []V
}

// parameters returns the parameters that the flags set, or nil if there are none.
func (f *requestFlags) parameters() (*snapshotjob.Parameters, error) {
	texts, err := parseParameters("--param", f.Param, parseText)
	if err != nil {
		return nil, err
	}
	integers, err := parseParameters("--integer-param", f.IntegerParam, parseInteger)
	if err != nil {
		return nil, err
	}
	decimals, err := parseParameters("--decimal-param", f.DecimalParam, parseDecimal)
	if err != nil {
		return nil, err
	}
	dates, err := parseParameters("--date-param", f.DateParam, parseDate)
	if err != nil {
		return nil, err
	}
	if len(texts)+len(integers)+len(decimals)+len(dates) == 0 {
		return nil, nil
	}
	return newParameters(texts, integers, decimals, dates), nil
}

// newParameters returns the parameters as a start has them.
func newParameters(
	texts []parameter[string],
	integers []parameter[int64],
	decimals []parameter[float64],
	dates []parameter[time.Time],
) *snapshotjob.Parameters {
	parameters := &snapshotjob.Parameters{}
	for _, p := range texts {
		parameters.StringParameters = append(parameters.StringParameters,
			snapshotjob.StringParameter{Name: p.name, Values: p.values})
	}
	for _, p := range integers {
		parameters.IntegerParameters = append(parameters.IntegerParameters,
			snapshotjob.IntegerParameter{Name: p.name, Values: p.values})
	}
	for _, p := range decimals {
		parameters.DecimalParameters = append(parameters.DecimalParameters,
			snapshotjob.DecimalParameter{Name: p.name, Values: p.values})
	}
	for _, p := range dates {
		parameters.DateTimeParameters = append(parameters.DateTimeParameters,
			snapshotjob.DateTimeParameter{Name: p.name, Values: p.values})
	}
	return parameters
}

// parseParameters parses parameters of the form NAME=VALUE. Values of one name belong to
// one parameter. No error shows a value.
func parseParameters[V any](
	flag string,
	texts []string,
	parse func(string) (V, error),
) ([]parameter[V], error) {
	var parameters []parameter[V]
	for i, text := range texts {
		name, valueText, isPair := strings.Cut(text, "=")
		if !isPair || name == "" {
			return nil, usagef("%s number %d has not the form NAME=VALUE", flag, i+1)
		}
		value, err := parse(valueText)
		if err != nil {
			return nil, usagef("the value of %s %s is wrong: want %w", flag, name, err)
		}
		known := slices.IndexFunc(parameters, func(p parameter[V]) bool { return p.name == name })
		if known < 0 {
			known = len(parameters)
			parameters = append(parameters, parameter[V]{name: name})
		}
		parameters[known].values = append(parameters[known].values, value)
	}
	return parameters, nil
}

// wanted is the error of a value that cannot be parsed. It says what would be right, and
// not what the value is.
type wanted string

// Error returns what would be right.
func (w wanted) Error() string { return string(w) }

// parseText parses the value of a string parameter.
func parseText(text string) (string, error) { return text, nil }

// parseInteger parses the value of an integer parameter.
func parseInteger(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, wanted("an integer")
	}
	return value, nil
}

// parseDecimal parses the value of a decimal parameter.
func parseDecimal(text string) (float64, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, wanted("a number")
	}
	return value, nil
}

// parseDate parses the value of a date parameter. A date without a time is its midnight
// in UTC.
func parseDate(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		value, err := time.Parse(layout, text)
		if err == nil {
			return value, nil
		}
	}
	return time.Time{}, wanted("a date such as 2006-01-02 or 2006-01-02T15:04:05Z")
}
