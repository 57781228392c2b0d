package temporal

import (
	"context"
	"errors"
	"fmt"
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
		return Page{}, boundedError(ctx, beats, errors.New(text))
	}
	page, err := a.options.NextPage(ctx, in.Source, in.Cursor)
	if err != nil {
		return Page{}, userError(ctx, beats, fmt.Errorf("next page of %q: %w", in.Source, err))
	}
	if len(page.Requests) > maxPageRequests {
		text := fmt.Sprintf("a page of %q has %d requests: want at most %d", in.Source, len(page.Requests), maxPageRequests)
		return Page{}, finalError(text, ErrorTypeInvalidInput)
	}
	return page, nil
}
