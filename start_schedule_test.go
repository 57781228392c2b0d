package snapshotjob_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/quicksight-go/snapshotjob"
	"github.com/quicksight-go/snapshotjob/snapshotjobtest"
)

var startSchedule = &snapshotjob.StartDashboardSnapshotJobScheduleInput{AWSAccountID: "111122223333", DashboardID: "sales", ScheduleID: "weekly"}

func TestStartScheduleTwice(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t)
	for _, want := range []int{200, 202} {
		out, err := server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
		if err != nil || out.Status != want {
			t.Fatalf("output %+v, %v, want status %d", out, err, want)
		}
		requests := server.Requests()
		if last := requests[len(requests)-1]; out.RequestID != last.ID || last.Operation != snapshotjobtest.StartDashboardSnapshotJobSchedule {
			t.Errorf("request id %q, want that of %+v", out.RequestID, last)
		}
	}
}

func TestStartScheduleRequest(t *testing.T) {
	for _, tt := range []struct{ name, dashboard, schedule, want string }{
		{"plain", "sales", "weekly", "/accounts/111122223333/dashboards/sales/schedules/weekly"},
		{"escaped once", "a/b c", "ü%2F+~", "/accounts/111122223333/dashboards/a%2Fb%20c/schedules/%C3%BC%252F%2B~"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &startRecorder{status: 200, header: http.Header{"X-Amzn-Requestid": {"H"}}}
			out, err := startClient(r).StartDashboardSnapshotJobSchedule(t.Context(), &snapshotjob.StartDashboardSnapshotJobScheduleInput{AWSAccountID: "111122223333", DashboardID: tt.dashboard, ScheduleID: tt.schedule})
			if err != nil || *out != (snapshotjob.StartDashboardSnapshotJobScheduleOutput{RequestID: "H", Status: 200}) {
				t.Fatalf("output %+v, %v, want the header's request id and 200", out, err)
			}
			var wire bytes.Buffer
			if err := r.requests[0].Write(&wire); err != nil {
				t.Fatal(err)
			}
			text := wire.String()
			if !strings.HasPrefix(text, "POST "+tt.want+" HTTP/1.1\r\n") || !strings.Contains(text, "\r\nContent-Length: 0\r\n") || strings.Contains(text, "Content-Type") || !strings.HasSuffix(text, "\r\n\r\n") {
				t.Errorf("on the wire:\n%s\nwant POST %s, Content-Length 0, no Content-Type and no body", text, tt.want)
			}
		})
	}
}

func TestStartScheduleFaults(t *testing.T) {
	r := &startRecorder{}
	_, err := startClient(r).StartDashboardSnapshotJobSchedule(t.Context(), &snapshotjob.StartDashboardSnapshotJobScheduleInput{AWSAccountID: "1", ScheduleID: "."})
	want := `operation error QuickSight: StartDashboardSnapshotJobSchedule, invalid input: AWSAccountID "1" is not an account id: want 12 digits; DashboardID is empty; ScheduleID "." cannot stand in a request path`
	if err == nil || err.Error() != want || len(r.requests) != 0 {
		t.Errorf("err after %d requests:\n got %v\nwant %s", len(r.requests), err, want)
	}
}

func TestStartScheduleExceptions(t *testing.T) {
	server := snapshotjobtest.NewTestServer(t, func(o *snapshotjobtest.Options) { o.Schedules = []string{"monthly"} })
	_, err := server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
	var notFound *snapshotjob.ResourceNotFoundException
	if !errors.As(err, &notFound) {
		t.Errorf("err = %v, want ResourceNotFoundException", err)
	}
	// The model of this operation has no ResourceExistsException.
	server.Fail(snapshotjobtest.StartDashboardSnapshotJobSchedule, snapshotjobtest.Answer(409, "ResourceExistsException", "m"))
	_, err = server.Client().StartDashboardSnapshotJobSchedule(t.Context(), startSchedule)
	var exists *snapshotjob.ResourceExistsException
	var code interface{ ErrorCode() string }
	if errors.As(err, &exists) || !errors.As(err, &code) || code.ErrorCode() != "ResourceExistsException" {
		t.Errorf("err = %v, want its code in an unmodelled error", err)
	}
}
