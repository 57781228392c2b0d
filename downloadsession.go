package snapshotjob

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// downloadSession is what the files of one call of Open or Download share.
type downloadSession struct {
	client   *Client
	settings *settings
	options  DownloadOptions

	// newest is the newest result of the job that is known. Open knows none at first.
	newest atomic.Pointer[DescribeDashboardSnapshotJobResultOutput]

	// asking holds a value while a file asks for a result. It is a mutex that a file
	// whose context ends stops waiting for.
	asking chan struct{}

	// progressMu is held while OnProgress is called.
	progressMu sync.Mutex
}

// newDownloadSession returns the session of a call, and what is wrong with its options.
func (c *Client) newDownloadSession(
	ctx context.Context,
	optFns []func(*DownloadOptions),
) (*downloadSession, problemList) {
	options, problems := prepareDownload(optFns)
	problems.needContext(ctx)
	session := &downloadSession{
		client:   c,
		settings: c.settingsFor(options.ClientOptions),
		options:  options,
		asking:   make(chan struct{}, 1),
	}
	problems = slices.Concat(problems, session.settings.problems, session.settings.fileProblems)
	return session, problems
}

// prepareDownload returns the options with their defaults, and what is wrong with them.
func prepareDownload(optFns []func(*DownloadOptions)) (DownloadOptions, problemList) {
	var o DownloadOptions
	var problems problemList
	applyAll(&problems, &o, optFns)
	setDefault(&problems, "Concurrency", &o.Concurrency, defaultConcurrency)
	setDefault(&problems, "PartSize", &o.PartSize, 0)
	setDefault(&problems, "Parts", &o.Parts, defaultParts)
	setDefault(&problems, "MaxAttempts", &o.MaxAttempts, defaultFileAttempts)
	setDefault(&problems, "StallTimeout", &o.StallTimeout, defaultStallTimeout)
	if o.Existing < NumberExisting || o.Existing > KeepExisting {
		problems.add("Existing", "is %d: want NumberExisting, ReplaceExisting or KeepExisting", int(o.Existing))
	}
	return o, problems
}

// retryDelay returns the delay before the next attempt after a number of failures. It
// is that of the client's Retryer, if that has one.
func (d *downloadSession) retryDelay(failures int, err error) time.Duration {
	const delayAfterError = time.Second
	delay, delayErr := d.settings.retryer.RetryDelay(failures, err)
	if delayErr != nil {
		return delayAfterError
	}
	return delay
}

// newerResult returns a newer result than the stale one. All files share it: unless
// another file has asked for one since, newerResult asks, and says so. A result that
// another file asked for may be old enough for its URLs to have expired as well.
func (d *downloadSession) newerResult(
	ctx context.Context,
	job Job,
	stale *DescribeDashboardSnapshotJobResultOutput,
) (result *DescribeDashboardSnapshotJobResultOutput, asked bool, err error) {
	select {
	case d.asking <- struct{}{}:
		defer func() { <-d.asking }()
	case <-ctx.Done():
		return nil, false, canceledError(ctx)
	}
	if newest := d.newest.Load(); newest != stale {
		return newest, false, nil
	}
	result, err = d.client.result(ctx, d.settings, job)
	if err != nil {
		return nil, true, fmt.Errorf("ask for a fresh URL: %w", err)
	}
	d.newest.Store(result)
	return result, true, nil
}

// observeS3Clock learns S3's clock from a response to a request that was signed for S3.
func (d *downloadSession) observeS3Clock(uri S3URI, header http.Header, sent, received time.Time) {
	if !uri.isKey() || d.settings.options.DisableClockSkewCorrection {
		return
	}
	if skew, ok := observeSkew(header, sent, received); ok {
		d.client.s3ClockSkew.store(skew)
	}
}

// s3ClockSkew returns how far S3's clock is ahead. While S3 has not told that, it is
// what the API has told.
func (d *downloadSession) s3ClockSkew() time.Duration {
	if d.settings.options.DisableClockSkewCorrection {
		return 0
	}
	if d.client.s3ClockSkew.isKnown() {
		return d.client.s3ClockSkew.load()
	}
	return d.client.clockSkew.load()
}
