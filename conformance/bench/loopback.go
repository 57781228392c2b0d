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
		more, err := s.loopbackRows(callers)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// loopbackRows measures both clients in turns.
func (s *server) loopbackRows(callers int) ([]row, error) {
	perSecond := samples{}
	p50 := samples{}
	p99 := samples{}
	clientCPU := samples{}
	serverCPU := samples{}
	for range *rounds {
		for _, client := range clients {
			l, err := s.load(client, callers)
			if err != nil {
				return nil, err
			}
			perSecond.add(client, l.perSecond)
			p50.add(client, float64(l.p50))
			p99.add(client, float64(l.p99))
			clientCPU.add(client, l.clientCPU)
			serverCPU.add(client, l.serverCPU)
		}
	}
	title := fmt.Sprintf("Loopback TLS, callers: %d: ", callers)
	requests := perSecond.row(title+"requests a second", count)
	requests.moreIsBetter = true
	return []row{
		requests,
		p50.row(title+"p50", milliseconds),
		p99.row(title+"p99", milliseconds),
		clientCPU.row(title+"client's CPU per request", microseconds),
		serverCPU.row(title+"server's CPU per request", microseconds),
	}, nil
}

// load is what one measurement gave.
type load struct {
	perSecond float64
	p50       time.Duration
	p99       time.Duration
	clientCPU float64 // nanoseconds a request
	serverCPU float64 // likewise
}

// load measures one of the clients, after some calls that open connections and
// fill caches.
func (s *server) load(client string, callers int) (load, error) {
	call := s.call(client)
	if warm := callFor(*duration/4, callers, call); warm.err != nil {
		return load{}, warm.err
	}
	runtime.GC()
	clientBefore := cpuTime()
	serverBefore, err := s.cpu()
	if err != nil {
		return load{}, err
	}
	calls := callFor(*duration, callers, call)
	if calls.err != nil {
		return load{}, calls.err
	}
	clientCPU := cpuTime() - clientBefore
	serverAfter, err := s.cpu()
	if err != nil {
		return load{}, err
	}
	slices.Sort(calls.latencies)
	n := len(calls.latencies)
	return load{
		perSecond: float64(n) / calls.took.Seconds(),
		p50:       calls.latencies[n/2],
		p99:       calls.latencies[n*99/100],
		clientCPU: float64(clientCPU) / float64(n),
		serverCPU: float64(serverAfter-serverBefore) / float64(n),
	}, nil
}

// call returns a function that asks the server for a result, with one of the
// clients.
func (s *server) call(client string) func(context.Context) error {
	cfg := conformance.Config(conformance.Keys, s.httpClient())
	cfg.BaseEndpoint = aws.String(s.url)
	pair := conformance.NewPair(cfg)
	job := snapshotjob.Job{
		AWSAccountID:  conformance.AccountID,
		DashboardID:   "sales",
		SnapshotJobID: "daily",
	}
	if client == ours {
		return func(ctx context.Context) error {
			_, err := pair.Ours.DescribeDashboardSnapshotJobResult(ctx, job)
			return err
		}
	}
	input := &quicksight.DescribeDashboardSnapshotJobResultInput{
		AwsAccountId:  &job.AWSAccountID,
		DashboardId:   &job.DashboardID,
		SnapshotJobId: &job.SnapshotJobID,
	}
	return func(ctx context.Context) error {
		_, err := pair.Official.DescribeDashboardSnapshotJobResult(ctx, input)
		return err
	}
}

// httpClient returns the SDK's default client, which trusts the server besides.
func (s *server) httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.TLSClientConfig.RootCAs = s.roots
	})
}

// calls are the calls of many callers.
type calls struct {
	mu        sync.Mutex
	latencies []time.Duration
	err       error // of one of the calls that failed
	took      time.Duration
}

// callFor has callers call for some time. A caller stops at its first failure.
func callFor(d time.Duration, callers int, call func(context.Context) error) *calls {
	all := &calls{}
	var wg sync.WaitGroup
	start := time.Now()
	for range callers {
		wg.Go(func() {
			var latencies []time.Duration
			var err error
			for time.Since(start) < d && err == nil {
				sent := time.Now()
				err = call(context.Background())
				latencies = append(latencies, time.Since(sent))
			}
			all.add(latencies, err)
		})
	}
	wg.Wait()
	all.took = time.Since(start)
	return all
}

// add adds the calls of one caller.
func (c *calls) add(latencies []time.Duration, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.latencies = append(c.latencies, latencies...)
	if err != nil {
		c.err = err
	}
}

// cpu asks the server for the CPU time that it has used so far.
func (s *server) cpu() (time.Duration, error) {
	req, err := http.NewRequest(http.MethodGet, s.url+"/cpu", nil)
	if err != nil {
		return 0, err
	}
	resp, err := s.httpClient().Do(req)
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
