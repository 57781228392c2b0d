package temporal

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/converter"
)

// pageInput names a page of the requests of a batch.
type pageInput struct {
	Source string
	Cursor string
}

// nextPage asks the user for a page of requests.
func (a *activities) nextPage(ctx context.Context, in pageInput) (Page, error) {
	beats, stop := startHeartbeats(ctx)
	defer stop()
	if a.options.NextPage == nil {
		const text = "the batch has a Source, but this worker has no Options.NextPage"
		return Page{}, boundedError(ctx, beats, errors.New(text), maxFailures)
	}
	var page Page
	err := callUser(ctx, "NextPage", func(ctx context.Context) error {
		var err error
		page, err = a.options.NextPage(ctx, in.Source, in.Cursor)
		return err
	})
	if err != nil {
		return Page{}, userError(ctx, beats, fmt.Errorf("next page of %q: %w", in.Source, err))
	}
	if problem := in.problemOf(page); problem != "" {
		text := fmt.Sprintf("the page of %q at the cursor %q %s", in.Source, in.Cursor, problem)
		return Page{}, finalError(text, ErrorTypeInvalidInput)
	}
	return page, nil
}

// maxPageSize is how many bytes a page may have in a history. It is a little less than
// the 2 MB that the server takes by default. Temporal's SDK would have a larger page asked
// for again and again.
const maxPageSize = 2_000_000

// problemOf says what is wrong with a page that was asked for, or nothing.
func (in pageInput) problemOf(page Page) string {
	if len(page.Requests) > maxPageRequests {
		return fmt.Sprintf("has %d requests: want at most %d", len(page.Requests), maxPageRequests)
	}
	if page.Next != "" && page.Next == in.Cursor {
		return "has its own cursor as Next: want that of the page after it, or none"
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(page)
	if err != nil {
		return fmt.Sprintf("cannot be written to the history: %v", err)
	}
	if size := len(payload.GetData()); size > maxPageSize {
		return fmt.Sprintf("has %d bytes as JSON: want at most %d, with fewer requests", size, maxPageSize)
	}
	return ""
}
