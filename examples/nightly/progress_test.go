package main

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/quicksight-go/snapshotjob/batch"
)

// newTestProgress returns a progress of four requests.
func newTestProgress(out *strings.Builder, isTerminal bool) *progress {
	return &progress{
		out:        out,
		isTerminal: isTerminal,
		total:      4,
		began:      time.Now(),
		printed:    time.Now(),
	}
}

// showTwoSteps shows a start at once and, 12 seconds later, that a job is done and another one has failed.
func showTwoSteps(p *progress) {
	p.show(batch.Event{Kind: batch.EventStarted, Running: 2})
	time.Sleep(12 * time.Second)
	p.show(batch.Event{
		Kind:    batch.EventHandled,
		Outcome: &batch.Outcome{Err: errors.New("the job failed")},
		Running: 1,
		Summary: batch.Summary{Failed: 1},
	})
	p.show(batch.Event{
		Kind:    batch.EventHandled,
		Outcome: &batch.Outcome{},
		Summary: batch.Summary{Failed: 1},
	})
	p.end()
}

func TestProgressOnTerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		showTwoSteps(newTestProgress(&out, true))
		const want = "\r\x1b[K0 of 4 exports done, 2 under way" +
			"\r\x1b[K0 of 4 exports done, 1 under way, errors: 1, some 36s left" +
			"\r\x1b[K1 of 4 exports done, 0 under way, errors: 1, some 12s left\n"
		assert.Equal(t, want, out.String())
	})
}

func TestProgressInLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		showTwoSteps(newTestProgress(&out, false))
		const want = "0 of 4 exports done, 1 under way, errors: 1, some 36s left\n" +
			"1 of 4 exports done, 0 under way, errors: 1, some 12s left\n"
		assert.Equal(t, want, out.String())
	})
}
