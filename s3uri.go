package snapshotjob

import (
	"errors"
	"fmt"
	"strings"
)

// S3URI is where a file lies: s3://bucket/key in the caller's bucket, or a
// presigned https URL, with which anyone can read the file until it expires. So it
// shows its query as "?REDACTED", and user info as "REDACTED@", wherever it is
// formatted (fmt, slog) or marshalled (as JSON or text); string(uri) is the whole.
//
// Out of its reach are unexported fields that fmt prints, operands of %p and %w
// (go vet finds these), and the keys of a map[S3URI]T in encoding/json.
type S3URI string

const redactedQuery, redactedUser = "?" + redacted, "://" + redacted + "@"

var errRedacted = errors.New(`this URI was redacted when it was printed or marshalled: ask for the result again, and pass on string(uri) where the whole is needed`)

// isKey reports whether the URI names a bucket's key. A "?" is part of it then,
// and nothing in it is secret.
func (u S3URI) isKey() bool { return strings.HasPrefix(string(u), "s3://") }

// String returns the URI without its query and user info.
func (u S3URI) String() string {
	if u.isKey() {
		return string(u)
	}
	s, _, presigned := strings.Cut(string(u), "?")
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		authority := strings.IndexAny(rest+"/", "/#")
		if at := strings.LastIndexByte(rest[:authority], '@'); at >= 0 {
			s = scheme + redactedUser + rest[at+1:]
		}
	}
	if presigned {
		s += redactedQuery
	}
	return s
}

// Format prints String for every verb and flag.
func (u S3URI) Format(f fmt.State, verb rune) {
	fmt.Fprintf(f, fmt.FormatString(f, verb), u.String())
}

// MarshalText returns String.
func (u S3URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// UnmarshalText refuses what MarshalText has redacted.
func (u *S3URI) UnmarshalText(text []byte) error {
	*u = S3URI(text)
	return u.refuseRedacted()
}

func (u S3URI) refuseRedacted() error {
	address, _, _ := strings.Cut(string(u), "?")
	if !u.isKey() && (strings.Contains(string(u), redactedQuery) || strings.Contains(address, redactedUser)) {
		return errRedacted
	}
	return nil
}
