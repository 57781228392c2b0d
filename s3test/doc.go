// Package s3test proves downloads against S3 servers that are not this
// project's own and that check signatures: gofakes3, in this process, and
// versitygw, where it is installed.
package s3test
