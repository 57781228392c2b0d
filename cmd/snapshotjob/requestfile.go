package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/quicksight-go/snapshotjob"
)

// standardInput is the name that stands for standard input.
const standardInput = "-"

// position is a place in a file of requests, from 1.
type position struct {
	file   string
	line   int
	column int
}

// String returns the position as compilers write it.
func (p position) String() string {
	return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column)
}

// errorf returns a *usageError about what is at the position.
func (p position) errorf(format string, args ...any) error {
	return usagef("%v: %w", p, fmt.Errorf(format, args...))
}

// fileRequest is a request of a file.
type fileRequest struct {
	position position // of its beginning
	input    *snapshotjob.StartDashboardSnapshotJobInput
}

// readRequests reads the requests of a file, or of standard input if the name is "-". The
// region is that of the dashboards. Requests may lack their accounts.
func readRequests(s *session, name, region string) ([]fileRequest, error) {
	data, err := readInput(s, name)
	if err != nil {
		return nil, err
	}
	// Spreadsheets begin their files with a byte order mark.
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if name == standardInput {
		name = "standard input"
	}
	requests, err := parseRequests(name, data, region)
	if err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return nil, usagef("%s has no requests", name)
	}
	return requests, nil
}

// parseRequests parses the contents of a file of requests.
func parseRequests(name string, data []byte, region string) ([]fileRequest, error) {
	if !utf8.Valid(data) {
		invalid := bytes.IndexFunc(data, func(r rune) bool { return r == utf8.RuneError })
		return nil, positionOf(name, data, int64(invalid)).errorf("this is not UTF-8: save the file as UTF-8")
	}
	switch content := bytes.TrimSpace(data); {
	case bytes.HasPrefix(content, []byte("[")):
		return nil, positionOf(name, data, 0).errorf(
			`this is a JSON array: want its objects, one a line, as "jq -c '.[]'" writes them`)
	case bytes.HasPrefix(content, []byte("{")):
		return parseJSONRequests(name, data)
	default:
		return parseCSVRequests(name, data, region)
	}
}

// readInput returns the contents of a file, or of standard input if the name is "-".
func readInput(s *session, name string) ([]byte, error) {
	if name == standardInput {
		data, err := io.ReadAll(s.stdin)
		if err != nil {
			return nil, fmt.Errorf("standard input cannot be read: %w", err)
		}
		return data, nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, usagef("the file of requests cannot be read: %w", err)
	}
	return data, nil
}

// completeRequests gives requests without an account that of the credentials.
func completeRequests(ctx context.Context, c *connection, requests []fileRequest) error {
	for _, request := range requests {
		if request.input.Job.AWSAccountID != "" {
			continue
		}
		account, err := c.accountID(ctx, "")
		if err != nil {
			return err
		}
		for _, lacking := range requests {
			if lacking.input.Job.AWSAccountID == "" {
				lacking.input.Job.AWSAccountID = account
			}
		}
	}
	return nil
}

// checkRequests returns an error for the first request that the client would refuse, and
// for the first one whose files would have the names of another one's.
func checkRequests(client *snapshotjob.Client, requests []fileRequest) error {
	seen := map[string]position{}
	for _, request := range requests {
		if err := checkInput(client, request.input); err != nil {
			return request.position.errorf("%w", err)
		}
		id := strings.ToLower(request.input.Job.SnapshotJobID)
		if first, isSeen := seen[id]; isSeen {
			return request.position.errorf("the job id %q is that of line %d too: "+
				"give each request an id of its own, with which the names of its files begin",
				request.input.Job.SnapshotJobID, first.line)
		}
		seen[id] = request.position
	}
	return nil
}

// checkInput returns what the client says of a start without sending it. A call whose
// context has ended sends nothing, and still refuses bad input.
func checkInput(client *snapshotjob.Client, input *snapshotjob.StartDashboardSnapshotJobInput) error {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := client.StartDashboardSnapshotJob(ctx, input)
	if invalid, ok := errors.AsType[*snapshotjob.InvalidInputError](err); ok {
		return invalid
	}
	return nil
}
