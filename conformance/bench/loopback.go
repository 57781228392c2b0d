package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/conformance"
)

// loopback has many callers share a client. Both clients keep the settings of
// their default transports, and trust the server's certificate besides.
func loopback() ([]row, error) {
	s, err := startServer("tls")
	if err != nil {
		return nil, err
	}
	defer s.stop()
	var rows []row
	for _, callers := range []int{1, 16, 256} {
		got := map[string][]load{}
		for range *rounds {
			for _, client := range clients {
				l, err := s.load(client, callers)
				if err != nil {
					return nil, err
				}
				got[client] = append(got[client], l)
			}
		}
		add := func(what string, format func(float64) string, more bool, figure func(load) float64) {
			r := row{name: fmt.Sprintf("Loopback TLS, callers: %d: %s", callers, what), format: format, moreIsBetter: more}
			for i, to := range []*float64{&r.official, &r.ours} {
				var values []float64
				for _, l := range got[clients[i]] {
					values = append(values, figure(l))
				}
				*to = median(values)
			}
			rows = append(rows, r)
		}
		add("requests a second", count, true, func(l load) float64 { return l.perSecond })
		add("p50", milliseconds, false, func(l load) float64 { return float64(l.p50) })
		add("p99", milliseconds, false, func(l load) float64 { return float64(l.p99) })
		add("client's CPU per request", microseconds, false, func(l load) float64 { return l.clientCPU })
		add("server's CPU per request", microseconds, false, func(l load) float64 { return l.serverCPU })
	}
	return rows, nil
}

// load is what one measurement gave.
type load struct {
	perSecond            float64
	p50, p99             time.Duration
	clientCPU, serverCPU float64 // nanoseconds a request
}

func (s *server) load(client string, callers int) (load, error) {
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.TLSClientConfig.RootCAs = s.roots })
	cfg := conformance.Config(conformance.Keys, transport)
	cfg.BaseEndpoint = aws.String(s.url)
	pair := conformance.NewPair(cfg)
	call := func(ctx context.Context) error {
		_, err := pair.Ours.DescribeDashboardSnapshotJobResult(ctx, snapshotjob.Job{AWSAccountID: conformance.AccountID, DashboardID: "sales", SnapshotJobID: "daily"})
		return err
	}
	if client == "official" {
		input := &quicksight.DescribeDashboardSnapshotJobResultInput{
			AwsAccountId: aws.String(conformance.AccountID), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("daily"),
		}
		call = func(ctx context.Context) error {
			_, err := pair.Official.DescribeDashboardSnapshotJobResult(ctx, input)
			return err
		}
	}
	if _, _, err := callFor(*duration/4, callers, call); err != nil { // connections and caches
		return load{}, err
	}
	runtime.GC()
	clientCPU := cpuTime()
	serverCPU, err := s.cpu()
	if err != nil {
		return load{}, err
	}
	latencies, took, err := callFor(*duration, callers, call)
	if err != nil {
		return load{}, err
	}
	n := float64(len(latencies))
	l := load{perSecond: n / took.Seconds(), clientCPU: float64(cpuTime()-clientCPU) / n}
	after, err := s.cpu()
	l.serverCPU = float64(after-serverCPU) / n
	slices.Sort(latencies)
	l.p50, l.p99 = latencies[len(latencies)/2], latencies[len(latencies)*99/100]
	return l, err
}

// callFor has callers call for d, and returns how long each call took.
func callFor(d time.Duration, callers int, call func(context.Context) error) (latencies []time.Duration, took time.Duration, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			var own []time.Duration
			var failed error
			for time.Since(start) < d && failed == nil {
				sent := time.Now()
				failed = call(context.Background())
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, own...)
			if failed != nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return latencies, time.Since(start), err
}

// cpu asks the server what it has used so far.
func (s *server) cpu() (time.Duration, error) {
	transport := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.TLSClientConfig.RootCAs = s.roots })
	req, err := http.NewRequest(http.MethodGet, s.url+"/cpu", nil)
	if err != nil {
		return 0, err
	}
	resp, err := transport.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(string(text), 10, 64)
	return time.Duration(ns), err
}
