package snapshotjob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
)

const amzTime = "20060102T150405Z"

type skewFile struct {
	Vectors []struct {
		ID    string
		Calls []struct {
			Skew        int
			MaxAttempts int
			Attempts    []struct {
				Send, Receive time.Time
				Status        int
				Header        map[string]string
				Code          string
				WantSigned    time.Time
			}
			Want struct {
				Skew int
				OK   bool
			}
		}
	}
	Grid []struct {
		Code    string
		Ahead   int
		Date    string
		Age     string
		Rejects string
		Want    struct {
			Offsets []int
			Second  int
			Code    string
		}
	}
}

// signedAt is when a request says that it was signed.
func signedAt(t *testing.T, req *http.Request) time.Time {
	t.Helper()
	at, err := time.Parse(amzTime, req.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Errorf("X-Amz-Date: %v", err)
	}
	return at
}

func TestClockSkewVectors(t *testing.T) {
	var file skewFile
	cases(t, "clockskew.json", &file)
	for _, tt := range file.Vectors {
		t.Run(tt.ID, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := New(options(answers(completed)))
				client.clockSkew.store(time.Duration(tt.Calls[0].Skew) * time.Second)
				for i, call := range tt.Calls {
					if got := client.clockSkew.load(); got != time.Duration(call.Skew)*time.Second {
						t.Fatalf("call %d begins with a skew of %v, want %d s", i, time.Duration(got), call.Skew)
					}
					time.Sleep(time.Until(call.Attempts[0].Send))
					n := 0
					_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob, func(o *Options) {
						o.RetryMaxAttempts = call.MaxAttempts
						o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
							if n == len(call.Attempts) {
								return nil, errors.New("one attempt too many")
							}
							at := call.Attempts[n]
							n++
							if got := time.Now(); !got.Equal(at.Send) {
								t.Errorf("call %d attempt %d sent at %v, want %v", i, n, got, at.Send)
							}
							if got := signedAt(t, req); !got.Equal(at.WantSigned) {
								t.Errorf("call %d attempt %d signed at %v, want %v", i, n, got, at.WantSigned)
							}
							time.Sleep(time.Until(at.Receive))
							a := answer{status: at.Status, header: map[string]string{"X-Amzn-Errortype": at.Code}}
							for name, value := range at.Header {
								a.header[name] = value
							}
							return a.response()
						})
					})
					if n != len(call.Attempts) || (err == nil) != call.Want.OK {
						t.Errorf("call %d: %d attempts and error %v, want %d and success %v", i, n, err, len(call.Attempts), call.Want.OK)
					}
					if got := time.Duration(client.clockSkew.load()); got != time.Duration(call.Want.Skew)*time.Second {
						t.Errorf("call %d leaves a skew of %v, want %d s", i, got, call.Want.Skew)
					}
				}
			})
		})
	}
}

func TestClockSkewGrid(t *testing.T) {
	var file skewFile
	cases(t, "clockskew.json", &file)
	for _, tt := range file.Grid {
		name := fmt.Sprintf("%s %+d Date %s Age %s", tt.Code, tt.Ahead, tt.Date, tt.Age)
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ahead := time.Duration(tt.Ahead) * time.Second
				var offsets []int
				var infos []string
				rejecting := true
				server := transportFunc(func(req *http.Request) (*http.Response, error) {
					now := time.Now().Add(ahead)
					offset := time.Until(signedAt(t, req))
					offsets = append(offsets, int(offset.Seconds()))
					infos = append(infos, req.Header.Get("Amz-Sdk-Request"))
					a := completed
					far := (offset - ahead).Abs() > 5*time.Minute
					if rejecting && (tt.Rejects == "always" || tt.Rejects == "far" && far) {
						a = answer{status: 403, header: map[string]string{"X-Amzn-Errortype": tt.Code}, body: `{"Message":"x"}`}
					}
					header := map[string]string{"X-Amzn-Errortype": a.header["X-Amzn-Errortype"], "Age": tt.Age}
					switch tt.Date {
					case "ok":
						header["Date"] = now.UTC().Format(http.TimeFormat)
					case "garbage":
						header["Date"] = "yesterday"
					}
					a.header = header
					resp, err := a.response()
					if tt.Age == "" {
						resp.Header.Del("Age")
					}
					return resp, err
				})
				client := New(options(server))
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob)
				first := offsets
				if !reflect.DeepEqual(first, tt.Want.Offsets) {
					t.Errorf("signed with offsets %d, want %d", first, tt.Want.Offsets)
				}
				if got := errorCode(err); got != tt.Want.Code {
					t.Errorf("error %v, want code %q", err, tt.Want.Code)
				}
				rejecting = false
				if _, err := client.DescribeDashboardSnapshotJobResult(ctx, exampleJob); err != nil {
					t.Errorf("second call: %v", err)
				}
				if got := offsets[len(first)]; got != tt.Want.Second {
					t.Errorf("the second call signed with offset %d, want %d", got, tt.Want.Second)
				}
				checkInfos(t, ctx, infos, offsets, len(first))
			})
		})
	}
}

// checkInfos checks the header that tells the service about attempts: with a
// deadline on its own clock, if that is known to be ahead.
func checkInfos(t *testing.T, ctx context.Context, infos []string, offsets []int, first int) {
	t.Helper()
	deadline, _ := ctx.Deadline()
	for i, got := range infos {
		attempt := i + 1
		if i >= first {
			attempt = i + 1 - first
		}
		want := fmt.Sprintf("attempt=%d; max=3", attempt)
		if offsets[i] > 0 {
			want += "; ttl=" + deadline.Add(time.Duration(offsets[i])*time.Second).UTC().Format(amzTime)
		}
		if got != want {
			t.Errorf("request %d: Amz-Sdk-Request %q, want %q", i+1, got, want)
		}
	}
}

// An attempt without an observation keeps the last one, within a call too.
func TestAttemptWithoutDateKeepsTheSkew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offsets []time.Duration
		n := 0
		client := New(options(transportFunc(func(req *http.Request) (*http.Response, error) {
			offsets = append(offsets, time.Until(signedAt(t, req)))
			date := map[string]string{"Date": time.Now().Add(600 * time.Second).UTC().Format(http.TimeFormat)}
			n++
			switch n {
			case 1: // learnt
				return answer{status: 200, header: date, body: "{}"}.response()
			case 2: // nothing heard
				return nil, errors.New("connection reset by peer")
			case 3: // a Date that says nothing
				return answer{status: 500, header: map[string]string{"Date": "yesterday"}}.response()
			}
			return completed.response()
		})))
		for range 3 {
			if _, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob); err != nil {
				t.Fatal(err)
			}
		}
		want := []time.Duration{0, 600 * time.Second, 600 * time.Second, 600 * time.Second, 600 * time.Second}
		if !reflect.DeepEqual(offsets, want) {
			t.Errorf("signed with offsets %v, want %v", offsets, want)
		}
	})
}

func TestClockSkewCorrectionCanBeDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var offsets []time.Duration
		o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
			offsets = append(offsets, time.Until(signedAt(t, req)))
			date := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
			return answer{status: 403, header: map[string]string{"X-Amzn-Errortype": "RequestTimeTooSkewed", "Date": date}}.response()
		}))
		o.DisableClockSkewCorrection = true
		client := New(o)
		for range 2 {
			_, err := client.DescribeDashboardSnapshotJobResult(t.Context(), exampleJob)
			if api, ok := errorAs[smithy.APIError](err); !ok || api.ErrorCode() != "RequestTimeTooSkewed" {
				t.Errorf("error %v, want RequestTimeTooSkewed", err)
			}
		}
		if want := []time.Duration{0, 0}; !reflect.DeepEqual(offsets, want) {
			t.Errorf("signed with offsets %v, want %v", offsets, want)
		}
	})
}

// A server whose clock stands far off for ever does not make attempts endless,
// and the message tells what is probable.
func TestClockSkewText(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		_, err := describe(t, options(transportFunc(func(req *http.Request) (*http.Response, error) {
			n++
			date := time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(http.TimeFormat)
			return answer{status: 403, header: map[string]string{"X-Amzn-Errortype": "SignatureDoesNotMatch", "Date": date}, body: `{"message":"m"}`}.response()
		})))
		const want = "operation error QuickSight: DescribeDashboardSnapshotJobResult, 111122223333/dash/job: exceeded maximum number of attempts, 3, probable clock skew of 3h0m0s: https response error StatusCode: 403, RequestID: , api error SignatureDoesNotMatch: m"
		if n != 3 || err == nil || err.Error() != want {
			t.Errorf("%d attempts and error\n%v, want 3 and\n%v", n, err, want)
		}
	})
}
