package snapshotjob_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

const waitDescribe = snapshotjobtest.DescribeDashboardSnapshotJob

func TestWaitRidesOutTheFakesFaults(t *testing.T) {
	for _, fault := range []snapshotjobtest.Fault{
		snapshotjobtest.Throttle(),
		snapshotjobtest.ServerError(500), snapshotjobtest.ServerError(502), snapshotjobtest.ServerError(503), snapshotjobtest.ServerError(504),
		snapshotjobtest.HTML(502), snapshotjobtest.HTML(503),
		snapshotjobtest.Answer(429, "TooMuch", "m"), snapshotjobtest.Answer(400, "RequestTimeout", "m"),
		snapshotjobtest.Drop(), snapshotjobtest.DropAfterWork(),
		snapshotjobtest.CutBody(0), snapshotjobtest.CutBody(20), snapshotjobtest.StallBody(20, 0),
		snapshotjobtest.Stall(0), snapshotjobtest.Stall(31 * time.Second), snapshotjobtest.Stall(29 * time.Second),
	} {
		for _, op := range []snapshotjobtest.Operation{waitDescribe, downloadResult} {
			t.Run(string(op)+"/"+fault.String(), func(t *testing.T) {
				faults := 60
				if op == downloadResult && fault.String() == "stall 29s" {
					faults = 1 // which is in time
				}
				running := 10 * time.Minute
				if name := fault.String(); name == "throttle" || name == "stall 29s" {
					running = 3 * time.Hour
				}
				synctest.Test(t, func(t *testing.T) {
					server := downloadLife(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")).After(time.Minute, running))
					server.Fail(op, fault.Times(faults)...)
					start, failed, slowest := time.Now(), 0, time.Duration(0)
					out, err := server.Client().Wait(t.Context(), startJob, steady, func(o *snapshotjob.WaitOptions) {
						o.OnPoll = func(p snapshotjob.Poll) {
							if p.Err != nil {
								failed++
							}
							slowest = max(slowest, p.Next)
						}
					})
					if err != nil || out.JobStatus != snapshotjob.SnapshotJobStatusCompleted {
						t.Errorf("Wait = %+v, %v, want the completed job", out, err)
					}
					if unused := server.Unused(); len(unused) > 0 {
						t.Errorf("%d faults were not met", len(unused))
					}
					if fault.String() != "stall 29s" && (failed < faults/3 || slowest != time.Minute) {
						t.Errorf("%d polls failed, slowest delay %v, want every third fault, and 1m", failed, slowest)
					}
					if took := time.Since(start); took < time.Minute+running {
						t.Errorf("it took %v, want as long as the job", took)
					}
				})
			})
		}
	}
}

func TestWaitIsEndedByWhatWouldComeAgain(t *testing.T) {
	for _, fault := range []snapshotjobtest.Fault{
		snapshotjobtest.Answer(401, "AccessDeniedException", "connection reset by peer"), snapshotjobtest.Answer(404, "ResourceNotFoundException", "m"),
		snapshotjobtest.Answer(400, "InvalidParameterValueException", "m"), snapshotjobtest.Answer(403, "UnsupportedUserEditionException", "m"),
		snapshotjobtest.HTML(200), snapshotjobtest.HTML(403), snapshotjobtest.Garbage(), snapshotjobtest.Corrupt(),
	} {
		for _, op := range []snapshotjobtest.Operation{waitDescribe, downloadResult} {
			t.Run(string(op)+"/"+fault.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					server := downloadLife(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")))
					server.Fail(op, fault)
					out, err := server.Client().Wait(t.Context(), startJob)
					var w *snapshotjob.WaitError
					if out != nil || !errors.As(err, &w) || w.Polls != 1 || w.Job != startJob {
						t.Errorf("Wait = %v, %v, want a WaitError after one poll", out, err)
					}
					if want := map[bool]string{true: "COMPLETED"}[op == downloadResult]; string(w.Status) != want {
						t.Errorf("status %q, want %q", w.Status, want)
					}
				})
			})
		}
	}
}

func TestWaitOutlivesCredentialsAndClocks(t *testing.T) {
	for name, trouble := range map[string]func(*snapshotjobtest.Server){
		"credentials expire":        func(s *snapshotjobtest.Server) { s.ExpireCredentials() },
		"are said to have expired":  func(s *snapshotjobtest.Server) { s.Fail(waitDescribe, snapshotjobtest.ExpiredToken()) },
		"a clock jumps ahead once":  func(s *snapshotjobtest.Server) { s.Fail(waitDescribe, snapshotjobtest.SkewedDate(time.Hour)) },
		"a clock jumps behind once": func(s *snapshotjobtest.Server) { s.Fail(waitDescribe, snapshotjobtest.SkewedDate(-time.Hour)) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := downloadLife(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")).After(0, 51*time.Minute))
				for i := range 5 {
					time.AfterFunc(time.Duration(i*10+1)*time.Minute, func() { trouble(server) })
				}
				if _, err := server.Client().Wait(t.Context(), startJob); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestWaitEndsWhereverItsContextDoes(t *testing.T) {
	for name, fault := range map[string]snapshotjobtest.Fault{
		"in a delay": snapshotjobtest.Pass(), "in a poll": snapshotjobtest.Stall(0), "in an outage": snapshotjobtest.ServerError(500),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := snapshotjobtest.NewServer() // the wait ends before all faults are met
				server.AddJob(startJob, snapshotjobtest.Completed().After(0, -1))
				server.Fail(waitDescribe, snapshotjobtest.Pass())
				server.Fail(waitDescribe, fault.Times(1000)...)
				cause := errors.New("the shift is over")
				for at := time.Second; at < 3*time.Minute; at += 7100 * time.Millisecond {
					ctx, cancel := context.WithTimeoutCause(t.Context(), at, cause)
					start := time.Now()
					out, err := server.Client().Wait(ctx, startJob)
					var w *snapshotjob.WaitError
					if out != nil || !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) || !errors.As(err, &w) || w.Elapsed != at || time.Since(start) != at {
						t.Errorf("after %v: Wait = %v, %v, want the context's error and cause", at, out, err)
					}
					cancel()
				}
			})
		})
	}
}

func TestWaitWithExtremeOptions(t *testing.T) {
	for name, set := range map[string]func(*snapshotjob.WaitOptions){
		"long delays":      func(o *snapshotjob.WaitOptions) { o.MinDelay, o.MaxDelay = 100*time.Hour, 1000*time.Hour },
		"unbounded growth": func(o *snapshotjob.WaitOptions) { o.Growth, o.MaxDelay = 1e300, time.Hour },
		"no bound":         func(o *snapshotjob.WaitOptions) { o.Growth, o.MaxDelay = 1e10, 1<<62 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := snapshotjobtest.NewServer(func(o *snapshotjobtest.Options) { o.RequestsPerSecond = -1 })
				server.AddJob(startJob, snapshotjobtest.Completed().After(0, -1))
				server.Fail(waitDescribe, snapshotjobtest.Pass().Times(2)...)
				server.Fail(waitDescribe, snapshotjobtest.ServerError(500).Times(90)...)
				ctx, cancel := context.WithTimeout(t.Context(), 1000*time.Hour)
				defer cancel()
				polls := 0
				_, err := server.Client().Wait(ctx, startJob, set, func(o *snapshotjob.WaitOptions) {
					o.OnPoll = func(p snapshotjob.Poll) {
						if polls++; p.Next <= 0 && ctx.Err() == nil || polls > 20_000 {
							cancel()
							t.Errorf("poll %d: next in %v, want a positive delay", p.Number, p.Next)
						}
					}
				})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("err = %v, want that the context ended", err)
				}
			})
		})
	}
}

func TestWaitReportsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := downloadLife(t, snapshotjobtest.Completed(snapshotjobtest.PDF("sheet-1")).After(0, 20*time.Minute))
		server.Fail(waitDescribe, slices.Concat(snapshotjobtest.Pass().Times(1), snapshotjobtest.Drop().Times(21))...)
		var delays []string
		_, err := server.Client().Wait(t.Context(), startJob, steady, func(o *snapshotjob.WaitOptions) {
			o.OnPoll = func(p snapshotjob.Poll) {
				if len(delays) < 9 {
					delays = append(delays, fmt.Sprint(p.Err != nil, " ", p.Next.Round(100*time.Millisecond)))
				}
			}
		})
		want := "false 3.5s, true 7.1s, true 14.3s, true 28.6s, true 57.1s, true 1m0s, true 1m0s, true 1m0s, false 3.6s"
		if got := strings.Join(delays, ", "); err != nil || got != want {
			t.Errorf("delays, %v:\n got %s\nwant %s", err, got, want)
		}
	})
}
