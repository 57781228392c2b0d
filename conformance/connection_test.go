package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/aws/smithy-go"
	"github.com/quicksight-go/snapshotjob"
)

// caller asks one of the clients for the same result.
type caller struct {
	name string
	call func(context.Context) error
}

func (p Pair) callers() []caller {
	job := snapshotjob.Job{AWSAccountID: AccountID, DashboardID: "sales", SnapshotJobID: "daily"}
	return []caller{
		{"official", func(ctx context.Context) error {
			_, err := p.Official.DescribeDashboardSnapshotJobResult(ctx, &quicksight.DescribeDashboardSnapshotJobResultInput{
				AwsAccountId: &job.AWSAccountID, DashboardId: &job.DashboardID, SnapshotJobId: &job.SnapshotJobID,
			})
			return err
		}},
		{"snapshotjob", func(ctx context.Context) error {
			_, err := p.Ours.DescribeDashboardSnapshotJobResult(ctx, job)
			return err
		}},
	}
}

// loadInto reads a file of ../testdata.
func loadInto(t *testing.T, name string, file any) {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, file); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// TestCasesOfConnections replays what a server wrote before the connection
// ended. What the two make of it may differ by CutOff, KeptError and Redirects
// alone.
func TestCasesOfConnections(t *testing.T) {
	var file struct {
		Cases []struct {
			ID, Raw string
			Reset   bool
			Want    struct {
				Error    string
				Attempts int
			}
		}
	}
	loadInto(t, "connections.json", &file)
	seen := map[Difference]int{}
	for _, c := range file.Cases {
		t.Run(c.ID, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			var attempts atomic.Int32
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					attempts.Add(1)
					conn.Read(make([]byte, 4096)) // the request fits into one segment
					io.WriteString(conn, c.Raw)
					if c.Reset {
						conn.(*net.TCPConn).SetLinger(0)
					}
					conn.Close()
				}
			}()
			cfg := Config(Keys, nil)
			cfg.BaseEndpoint = aws.String("http://" + listener.Addr().String())
			type outcome struct {
				ok       bool
				attempts int32
				code     string
			}
			got := map[string]outcome{}
			for _, who := range NewPair(cfg).callers() {
				attempts.Store(0)
				err := who.call(t.Context())
				o := outcome{ok: err == nil, attempts: attempts.Load()}
				var api smithy.APIError
				if errors.As(err, &api) {
					o.code = api.ErrorCode()
				}
				got[who.name] = o
			}
			official, ours := got["official"], got["snapshotjob"]
			if ours.attempts != int32(c.Want.Attempts) {
				t.Errorf("ours made %d attempts, want %d", ours.attempts, c.Want.Attempts)
			}
			if c.Want.Error == "cut off" && official.attempts == 1 {
				seen[CutOff]++
				official.ok, official.attempts = ours.ok, ours.attempts
			}
			if c.Want.Error == "api" && official.code == "" {
				seen[KeptError]++
				official.code = ours.code
			}
			if strings.HasPrefix(c.Raw, "HTTP/1.1 307") {
				seen[Redirects]++
				official.attempts = ours.attempts
			}
			if official != ours {
				t.Errorf("official %+v, ours %+v", official, ours)
			}
		})
	}
	for _, d := range []Difference{CutOff, KeptError, Redirects} {
		if seen[d] == 0 {
			t.Errorf("no case shows the difference: %s", d)
		}
	}
}

// TestCasesOfClockSkew replays the vectors that all SDKs share: both clients
// sign every attempt by the same clock.
func TestCasesOfClockSkew(t *testing.T) {
	var file struct {
		Vectors []struct {
			ID    string
			Calls []struct {
				Skew        float64
				MaxAttempts int
				Attempts    []struct {
					Send, Receive time.Time
					Status        int
					Header        map[string]string
					Code          string
				}
				Want struct{ OK bool }
			}
		}
	}
	loadInto(t, "clockskew.json", &file)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			offsets := map[string][]time.Duration{}
			for i, name := range []string{"official", "snapshotjob"} {
				synctest.Test(t, func(t *testing.T) {
					call, attempt := 0, 0
					primed := v.Calls[0].Skew == 0
					send := DoFunc(func(req *http.Request) (*http.Response, error) {
						resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}
						if !primed {
							ahead := time.Duration(v.Calls[0].Skew * float64(time.Second))
							resp.Header.Set("Date", time.Now().Add(ahead).UTC().Format(http.TimeFormat))
							return resp, nil
						}
						if attempt >= len(v.Calls[call].Attempts) {
							t.Fatalf("call %d: more than %d attempts", call+1, attempt)
						}
						a := v.Calls[call].Attempts[attempt]
						attempt++
						signed, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
						if err != nil {
							t.Error(err)
						}
						// Retries come some milliseconds after the vector's second.
						offsets[name] = append(offsets[name], time.Until(signed).Round(time.Second))
						time.Sleep(a.Receive.Sub(a.Send))
						resp.StatusCode = a.Status
						for key, value := range a.Header {
							resp.Header.Set(key, value)
						}
						if a.Code != "" {
							resp.Header.Set("X-Amzn-Errortype", a.Code)
						}
						return resp, nil
					})
					cfg := Config(Keys, send)
					cfg.RetryMaxAttempts = v.Calls[0].MaxAttempts
					who := NewPair(cfg).callers()[i]
					if !primed {
						time.Sleep(time.Until(v.Calls[0].Attempts[0].Send.Add(-time.Hour)))
						if err := who.call(t.Context()); err != nil {
							t.Fatal(err)
						}
						primed = true
					}
					for ; call < len(v.Calls); call++ {
						attempt = 0
						time.Sleep(time.Until(v.Calls[call].Attempts[0].Send))
						if err := who.call(t.Context()); (err == nil) != v.Calls[call].Want.OK {
							t.Errorf("%s, call %d: error %v, want ok %t", name, call+1, err, v.Calls[call].Want.OK)
						}
						if attempt != len(v.Calls[call].Attempts) {
							t.Errorf("%s, call %d: %d attempts, want %d", name, call+1, attempt, len(v.Calls[call].Attempts))
						}
					}
				})
			}
			if !slices.Equal(offsets["official"], offsets["snapshotjob"]) {
				t.Errorf("signed with offsets %v by the official client, %v by ours", offsets["official"], offsets["snapshotjob"])
			}
		})
	}
}
