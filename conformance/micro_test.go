package conformance

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// BenchmarkResult asks for a job's result over an in-memory transport, signing
// included, by the number of the job's file groups. A job has 7 of them at most:
// larger numbers are stress.
func BenchmarkResult(b *testing.B) {
	for _, groups := range []int{1, 7, 100, 400} {
		b.Run(fmt.Sprintf("groups=%d", groups), func(b *testing.B) {
			benchmarkPair(b, Results(groups), false)
		})
	}
}

// BenchmarkError asks for a result that the service refuses to give.
func BenchmarkError(b *testing.B) {
	const uri = ":http://internal.amazon.com/coral/com.amazon.coral.service/"
	notFound := Error(http.StatusNotFound, "ResourceNotFoundException",
		"Dashboard Snapshot Job with id daily is not found.")
	accessDenied := Error(http.StatusUnauthorized, "AccessDeniedException"+uri, "User is not authorized.")
	b.Run("code=ResourceNotFound", func(b *testing.B) {
		benchmarkPair(b, &Service{Responses: []Response{notFound}}, true)
	})
	b.Run("code=AccessDenied", func(b *testing.B) {
		benchmarkPair(b, &Service{Responses: []Response{accessDenied}}, true)
	})
}

// benchmarkPair measures a call of each client.
func benchmarkPair(b *testing.B, service *Service, wantError bool) {
	for _, client := range NewPair(Config(Keys, service)).callers() {
		b.Run("client="+client.name, func(b *testing.B) {
			ctx := context.Background()
			b.SetBytes(int64(len(service.Responses[0].Body)))
			b.ReportAllocs()
			start := cpuTime(b)
			for b.Loop() {
				if err := client.call(ctx); (err != nil) != wantError {
					b.Fatalf("error %v, want one: %t", err, wantError)
				}
			}
			used := cpuTime(b) - start
			b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/op")
		})
	}
}

// cpuTime is the CPU time that the process has used so far. It includes that of
// the garbage collector.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
