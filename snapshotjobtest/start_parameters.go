package snapshotjobtest

import (
	"encoding/json"
	"strings"
)

// wireParameter is a parameter of a job. Its type follows from the list that it
// stands in.
type wireParameter struct {
	Name   string
	Values []json.RawMessage
}

// parameterType is one of the types that parameters have.
type parameterType struct {
	member string                           // of Parameters, which lists those of the type
	fits   func(value json.RawMessage) bool // whether a value is of the type
}

// parameterTypes are those of the service model's shape Parameters.
var parameterTypes = []parameterType{
	{member: "StringParameters", fits: isString},
	{member: "IntegerParameters", fits: isInteger},
	{member: "DecimalParameters", fits: isDecimal},
	{member: "DateTimeParameters", fits: isNumber},
}

// checkParameters checks the parameters of a job. Its errors quote no value, which
// may be a secret.
func checkParameters(field string, in json.RawMessage, limit int) *apiError {
	if in == nil {
		return nil
	}
	var lists map[string][]wireParameter
	if err := json.Unmarshal(in, &lists); err != nil {
		return newError("SerializationException", "%s is not of the right shape.", field)
	}
	for _, t := range parameterTypes {
		list := field + "." + t.member
		parameters := lists[t.member]
		if n := len(parameters); limit >= 0 && n > limit {
			return invalid(list, "want at most %d parameters, got %d", limit, n)
		}
		for i, parameter := range parameters {
			if err := checkParameter(at(list, i), parameter, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkParameter checks a parameter that stands in the list of a type.
func checkParameter(field string, in wireParameter, t parameterType) *apiError {
	if isBlank(in.Name) || in.Values == nil {
		return invalid(field, "Name and Values are required")
	}
	for _, value := range in.Values {
		if !t.fits(value) {
			return newError("SerializationException", "%s has a value of the wrong type.", field)
		}
	}
	return nil
}

// The functions below tell the type of a JSON value from its first byte. The values
// come from encoding/json, so that they are valid and not empty.

func isString(value json.RawMessage) bool {
	return value[0] == '"'
}

func isNumber(value json.RawMessage) bool {
	return value[0] == '-' || '0' <= value[0] && value[0] <= '9'
}

func isInteger(value json.RawMessage) bool {
	return isNumber(value) && !strings.ContainsAny(string(value), ".eE")
}

// isDecimal takes the strings too that stand for numbers that JSON doesn't have.
func isDecimal(value json.RawMessage) bool {
	switch string(value) {
	case `"NaN"`, `"Infinity"`, `"-Infinity"`:
		return true
	}
	return isNumber(value)
}
