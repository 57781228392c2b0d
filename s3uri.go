package snapshotjob

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// S3URI says where a file is: s3://bucket/key in the caller's bucket, or a presigned
// https URL. Whoever has a presigned URL can read the file until the URL expires. So
// wherever a URI is formatted (fmt, slog) or marshalled (JSON, text), its query
// becomes "?REDACTED" and its user info "REDACTED@". The whole URI is string(uri).
//
// There are places that a Go type cannot guard: unexported fields that fmt prints,
// operands of the verbs %p and %w, a *[ResultFile] inside of another value that is
// printed by an unsuitable verb, such as %t (go vet reports these verbs), and keys of a
// map[S3URI]T in encoding/json.
type S3URI string

const (
	s3Scheme      = "s3://"
	redactedQuery = "?" + redacted
	redactedUser  = "://" + redacted + "@"
)

var errRedacted = errors.New("this URI was redacted when it was printed or marshalled: " +
	"ask for the result again, and pass on string(uri) where the whole is needed")

// isKey reports whether the URI names the key of a bucket. A "?" is part of the key
// then, and nothing in the URI is secret.
func (u S3URI) isKey() bool { return strings.HasPrefix(string(u), s3Scheme) }

// bucketAndKey returns what the URI of a key names. Either is empty if the URI lacks it.
func (u S3URI) bucketAndKey() (bucket, key string) {
	bucket, key, _ = strings.Cut(strings.TrimPrefix(string(u), s3Scheme), "/")
	return bucket, key
}

// objectPath returns the path of the object that the URI names: the key in a bucket, or
// the path of a URL. It is empty if the URI has none.
func (u S3URI) objectPath() string {
	if u.isKey() {
		_, key := u.bucketAndKey()
		return key
	}
	presigned, err := url.Parse(string(u))
	if err != nil {
		return ""
	}
	return presigned.Path
}

// String returns the URI without its query and user info, as one line.
func (u S3URI) String() string { return oneLine(u.withoutSecrets()) }

// withoutSecrets returns the URI without its query and user info.
func (u S3URI) withoutSecrets() string {
	if u.isKey() {
		return string(u)
	}
	address, _, hasQuery := strings.Cut(string(u), "?")
	shown := redactUserInfo(address)
	if hasQuery {
		shown += redactedQuery
	}
	return shown
}

// redactUserInfo replaces the user info of a URL without a query.
func redactUserInfo(address string) string {
	scheme, rest, isURL := strings.Cut(address, "://")
	if !isURL {
		return address
	}
	authority := rest
	if end := strings.IndexAny(rest, "/#"); end >= 0 {
		authority = rest[:end]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return address
	}
	return scheme + redactedUser + rest[at+1:]
}

// Format formats what String returns as a string, for every verb and flag.
func (u S3URI) Format(f fmt.State, verb rune) {
	formatText(f, verb, u.String())
}

// LogValue returns what String returns.
func (u S3URI) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText returns the URI without its query and user info.
func (u S3URI) MarshalText() ([]byte, error) { return []byte(u.withoutSecrets()), nil }

// UnmarshalText sets the URI to the text. It returns an error for a text that String or
// MarshalText has redacted, which is of no use as a URI. The URI then stays as it was.
func (u *S3URI) UnmarshalText(text []byte) error {
	uri := S3URI(text)
	if err := uri.refuseRedacted(); err != nil {
		return err
	}
	*u = uri
	return nil
}

// refuseRedacted returns an error if the URI was redacted.
func (u S3URI) refuseRedacted() error {
	if u.isKey() {
		return nil
	}
	address, _, _ := strings.Cut(string(u), "?")
	if strings.Contains(string(u), redactedQuery) || strings.Contains(address, redactedUser) {
		return errRedacted
	}
	return nil
}
