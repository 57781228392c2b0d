// Package awscode knows the codes of AWS's errors by which several packages decide.
package awscode

import "slices"

// expired are the codes by which AWS services, QuickSight and S3 among them, say that
// credentials have expired.
var expired = []string{
	"ExpiredToken",
	"ExpiredTokenException",
	"RequestExpired",
	"TokenRefreshRequired",
}

// IsExpired reports whether an error with this code says that the credentials have expired.
func IsExpired(code string) bool { return slices.Contains(expired, code) }
