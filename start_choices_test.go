package snapshotjob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// atTheLimit is the service's response when all jobs of the account are running.
var atTheLimit = exceptionResponse(409, "LimitExceededException")

// startCalls are the calls that LimitExceededException can refuse.
var startCalls = apiCalls[:2]

func TestRetryerOfTheCallerDecidesAtTheLimit(t *testing.T) {
	for _, tt := range startCalls {
		t.Run(tt.operation, func(t *testing.T) {
			hideEnvironment(t)
			own := func() aws.Retryer { return retry.NewStandard(noPause) }
			started := mockResponse{status: 200, body: "{}"}

			service := responses(atTheLimit, atTheLimit, started)
			cfg := exampleConfig(doFunc(service.RoundTrip))
			cfg.Retryer = own
			assert.NoError(t, tt.call(t.Context(), NewFromConfig(cfg)), "of a configuration")

			service = responses(atTheLimit, atTheLimit, started)
			assert.NoError(t, tt.call(t.Context(), New(options(service))), "of a client")

			service = responses(atTheLimit, atTheLimit, started)
			o := options(service)
			o.Retryer = nil
			setOwn := func(o *Options) { o.Retryer = own() }
			assert.NoError(t, tt.call(t.Context(), New(o), setOwn), "of a call")
		})
	}
}

func TestLimitIsFinalForTheDefaultRetryer(t *testing.T) {
	for _, mode := range []aws.RetryMode{"", aws.RetryModeStandard, aws.RetryModeAdaptive} {
		for _, tt := range startCalls {
			t.Run(string(mode)+" "+tt.operation, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					service := responses(atTheLimit)
					o := options(service)
					o.Retryer = nil
					o.RetryMode = mode
					err := tt.call(t.Context(), New(o))
					assert.ErrorAs(t, err, new(*LimitExceededException))
					assert.Len(t, service.requests, 1)
				})
			})
		}
	}
}

// The default retryer of a call is not that of the client.
func TestLimitIsFinalForTheDefaultRetryerOfACall(t *testing.T) {
	service := responses(atTheLimit)
	withDefault := func(o *Options) { o.Retryer = nil }
	_, err := New(options(service)).StartDashboardSnapshotJob(t.Context(), exampleStart(), withDefault)
	assert.ErrorAs(t, err, new(*LimitExceededException))
	assert.Len(t, service.requests, 1)
}

// sentBody starts a job and returns the body of the request.
func sentBody(t *testing.T, in *StartDashboardSnapshotJobInput, optFns ...func(*Options)) string {
	t.Helper()
	var body []byte
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		var err error
		body, err = io.ReadAll(req.Body)
		assert.NoError(t, err)
		return mockResponse{status: 200, body: "{}"}.response()
	}))
	_, err := New(o).StartDashboardSnapshotJob(t.Context(), in, optFns...)
	require.NoError(t, err)
	return string(body)
}

func TestEmptyListOfTagsIsSentAsNoTags(t *testing.T) {
	in := exampleStart()
	in.UserConfiguration = AnonymousUser([]SessionTag{}...)
	in.UserConfiguration.AnonymousUsers[0].RowLevelPermissionTags = []SessionTag{}
	body := sentBody(t, in)
	assert.Contains(t, body, `"UserConfiguration":{"AnonymousUsers":[{}]}`)
	assert.Equal(t, sentBody(t, exampleStart()), body)
}

// withoutRules is the option function that sends what the documented limits refuse.
func withoutRules(o *Options) { o.DisableInputRules = true }

// ruleCase changes an input that keeps the rules.
type ruleCase struct {
	name   string
	change func(*StartDashboardSnapshotJobInput)
	field  string // that is refused
}

// firstFile is the first file of an input.
func firstFile(in *StartDashboardSnapshotJobInput) *SnapshotFile {
	return &in.SnapshotConfiguration.FileGroups[0].Files[0]
}

// setGroups returns a change of an input's file groups.
func setGroups(groups ...SnapshotFileGroup) func(*StartDashboardSnapshotJobInput) {
	return func(in *StartDashboardSnapshotJobInput) { in.SnapshotConfiguration.FileGroups = groups }
}

// setTags returns a change of an input's tags.
func setTags(tags ...SessionTag) func(*StartDashboardSnapshotJobInput) {
	return func(in *StartDashboardSnapshotJobInput) { in.UserConfiguration = AnonymousUser(tags...) }
}

// manyTags are more tags than the documented limit, with long keys and values.
func manyTags() []SessionTag {
	tags := make([]SessionTag, 60)
	for i := range tags {
		tags[i] = SessionTag{
			Key:   fmt.Sprint(i, strings.Repeat("k", 200)),
			Value: strings.Repeat("v", 300),
		}
	}
	return tags
}

var relaxedRules = []ruleCase{
	{name: "eight groups", change: setGroups(slices.Repeat([]SnapshotFileGroup{CSV("s", "v")}, 8)...)},
	{name: "two files in a group", change: func(in *StartDashboardSnapshotJobInput) {
		group := &in.SnapshotConfiguration.FileGroups[0]
		group.Files = append(group.Files, CSV("s", "v").Files...)
	}},
	{name: "six visuals", change: setGroups(Excel("s", "1", "2", "3", "4", "5", "6"))},
	{name: "visuals of a PDF", change: func(in *StartDashboardSnapshotJobInput) {
		firstFile(in).SheetSelections[0].VisualIDs = []string{"v"}
	}},
	{name: "no visuals", change: setGroups(Excel("s"))},
	{name: "two sheets of a PDF", change: func(in *StartDashboardSnapshotJobInput) {
		file := firstFile(in)
		file.SheetSelections = append(file.SheetSelections, PDF("t").Files[0].SheetSelections...)
	}},
	{name: "another format", change: func(in *StartDashboardSnapshotJobInput) {
		firstFile(in).FormatType = "PNG"
	}},
	{name: "another scope", change: func(in *StartDashboardSnapshotJobInput) {
		firstFile(in).SheetSelections[0].SelectionScope = "SOME_VISUALS"
	}},
	{name: "tags", change: setTags(manyTags()...)},
	{name: "users", change: func(in *StartDashboardSnapshotJobInput) {
		in.UserConfiguration.AnonymousUsers = make([]SnapshotAnonymousUser, 2)
	}},
	{name: "no user", change: func(in *StartDashboardSnapshotJobInput) {
		in.UserConfiguration.AnonymousUsers = nil
	}},
	{name: "destinations", change: func(in *StartDashboardSnapshotJobInput) {
		destination := matchedDestination("b")
		destination.S3Destinations = append(destination.S3Destinations, destination.S3Destinations...)
		in.SnapshotConfiguration.DestinationConfiguration = destination
	}},
	{name: "parameters", change: func(in *StartDashboardSnapshotJobInput) {
		list := make([]StringParameter, 101)
		for i := range list {
			list[i].Name = fmt.Sprint("p", i)
		}
		in.SnapshotConfiguration.Parameters = &Parameters{StringParameters: list}
	}},
}

func TestDocumentedLimitsCanBeDisabled(t *testing.T) {
	for _, tt := range relaxedRules {
		t.Run(tt.name, func(t *testing.T) {
			in := exampleStart()
			tt.change(in)
			_, err := New(options(responses(completed))).StartDashboardSnapshotJob(t.Context(), in)
			assert.ErrorAs(t, err, new(*InvalidInputError), "by default")
			assert.NotEmpty(t, sentBody(t, in, withoutRules))
		})
	}
}

// neededRules are those that hold without the documented limits too.
var neededRules = []ruleCase{
	{
		name:   "account",
		change: func(in *StartDashboardSnapshotJobInput) { in.Job.AWSAccountID = "1" },
		field:  "AWSAccountID",
	},
	{
		name:   "dashboard",
		change: func(in *StartDashboardSnapshotJobInput) { in.Job.DashboardID = ".." },
		field:  "DashboardID",
	},
	{
		name:   "job",
		change: func(in *StartDashboardSnapshotJobInput) { in.Job.SnapshotJobID = "" },
		field:  "SnapshotJobID",
	},
	{name: "groups", change: setGroups(), field: "FileGroups"},
	{
		name:   "format",
		change: func(in *StartDashboardSnapshotJobInput) { firstFile(in).FormatType = "" },
		field:  "FileGroups[0].Files[0].FormatType",
	},
	{
		name:   "selections",
		change: func(in *StartDashboardSnapshotJobInput) { firstFile(in).SheetSelections = nil },
		field:  "FileGroups[0].Files[0].SheetSelections",
	},
	{name: "sheet", change: setGroups(PDF("")), field: "FileGroups[0].Files[0].SheetSelections[0].SheetID"},
	{
		name:   "scope",
		change: func(in *StartDashboardSnapshotJobInput) { firstFile(in).SheetSelections[0].SelectionScope = "" },
		field:  "FileGroups[0].Files[0].SheetSelections[0].SelectionScope",
	},
	{
		name:   "visual",
		change: setGroups(CSV("s", "")),
		field:  "FileGroups[0].Files[0].SheetSelections[0].VisualIDs[0]",
	},
	{
		name:   "key of a tag",
		change: setTags(SessionTag{Value: "v"}),
		field:  "AnonymousUsers[0].RowLevelPermissionTags[0].Key",
	},
	{
		name:   "value of a tag",
		change: setTags(SessionTag{Key: "k"}),
		field:  "AnonymousUsers[0].RowLevelPermissionTags[0].Value",
	},
	{
		name: "bucket",
		change: func(in *StartDashboardSnapshotJobInput) {
			in.SnapshotConfiguration.DestinationConfiguration = matchedDestination("")
		},
		field: "S3Destinations[0].BucketConfiguration.BucketName",
	},
	{
		name: "name of a parameter",
		change: func(in *StartDashboardSnapshotJobInput) {
			list := []IntegerParameter{{}}
			in.SnapshotConfiguration.Parameters = &Parameters{IntegerParameters: list}
		},
		field: "IntegerParameters[0].Name",
	},
	{
		name: "time of a parameter",
		change: func(in *StartDashboardSnapshotJobInput) {
			list := []DateTimeParameter{{Name: "w", Values: []time.Time{{}}}}
			in.SnapshotConfiguration.Parameters = &Parameters{DateTimeParameters: list}
		},
		field: "DateTimeParameters[0].Values[0]",
	},
}

func TestIDsAndRequiredMembersAreAlwaysChecked(t *testing.T) {
	for _, tt := range neededRules {
		t.Run(tt.name, func(t *testing.T) {
			in := exampleStart()
			tt.change(in)
			service := responses(completed)
			_, err := New(options(service), withoutRules).StartDashboardSnapshotJob(t.Context(), in)
			assertInvalid(t, err, tt.field)
			assert.Empty(t, service.requests)
		})
	}
}

// lostStartService loses the response to every start. The job that it describes has been
// created now, with these parameters.
func lostStartService(described *Parameters, lost error) transportFunc {
	return func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			return nil, lost
		}
		in := exampleStart()
		in.SnapshotConfiguration.Parameters = described
		body := encodeJSON(struct {
			Arn                   string
			CreatedTime           time.Time
			SnapshotConfiguration SnapshotConfiguration
		}{
			Arn:                   exampleARN,
			CreatedTime:           time.Now(),
			SnapshotConfiguration: in.SnapshotConfiguration,
		})
		return mockResponse{status: 200, body: string(body)}.response()
	}
}

// startWithParameter starts a job with a parameter, whose response is lost.
func startWithParameter(t *testing.T, described *Parameters) error {
	t.Helper()
	in := exampleStart()
	in.SnapshotConfiguration.Parameters = matchedParameters()
	service := lostStartService(described, io.ErrUnexpectedEOF)
	_, err := New(options(service)).StartDashboardSnapshotJob(t.Context(), in)
	return err
}

func TestLostStartWithOtherParametersIsNotOurs(t *testing.T) {
	other := matchedParameters()
	other.IntegerParameters[0].Values[0] = 7
	for name, parameters := range map[string]*Parameters{"other": other, "none": {}} {
		t.Run(name, func(t *testing.T) {
			err := startWithParameter(t, parameters)
			require.ErrorIs(t, err, io.ErrUnexpectedEOF)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
		})
	}
}

func TestLostStartWithTheSameParametersIsOurs(t *testing.T) {
	assert.NoError(t, startWithParameter(t, matchedParameters()))
}

// A request without a connection cannot have started a job, so nobody asks for it.
func TestStartThatCannotHaveArrived(t *testing.T) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: io.ErrClosedPipe}
	errs := map[string]error{
		"no address":       &net.DNSError{Err: "no such host", IsNotFound: true},
		"no address now":   &net.DNSError{Err: "server misbehaving", IsTemporary: true},
		"no connection":    refused,
		"no proxy":         &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused},
		"in a client's":    fmt.Errorf("mesh: %w", refused),
		"with its headers": fmt.Errorf("X-Amz-Security-Token: %s: %w", exampleToken, refused),
	}
	for name, sendErr := range errs {
		t.Run(name, func(t *testing.T) {
			described := 0
			service := lostStartService(nil, sendErr)
			o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
				if req.Method == http.MethodGet {
					described++
				}
				return service(req)
			}))
			_, err := New(o).StartDashboardSnapshotJob(t.Context(), exampleStart())
			require.Error(t, err)
			assert.NotErrorIs(t, err, ErrOutcomeUnknown)
			assert.Zero(t, described)
		})
	}
}

// zeroClientCalls are all methods of a Client that make calls.
func zeroClientCalls(dir string) []apiCall {
	return append([]apiCall{
		{
			operation: "Wait",
			call: func(ctx context.Context, c *Client, _ ...func(*Options)) error {
				_, err := c.Wait(ctx, exampleJob)
				return err
			},
		},
		{
			operation: "Open",
			call: func(ctx context.Context, c *Client, _ ...func(*Options)) error {
				_, err := c.Open(ctx, ResultFile{Job: exampleJob, URI: presigned})
				return err
			},
		},
		{
			operation: "Download",
			call: func(ctx context.Context, c *Client, _ ...func(*Options)) error {
				_, err := c.Download(ctx, exampleJob, dir)
				return err
			},
		},
	}, apiCalls...)
}

func TestEveryMethodOfAClientThatNewDidNotMake(t *testing.T) {
	var none context.Context
	for _, tt := range zeroClientCalls(t.TempDir()) {
		for kind, client := range unmadeClients {
			t.Run(tt.operation+" of "+kind, func(t *testing.T) {
				err := tt.call(t.Context(), client)
				assert.ErrorAs(t, err, new(*InvalidInputError))
				assert.ErrorContains(t, err, "Client is nil or zero")
				assert.Error(t, tt.call(none, client), "a nil context as well")
			})
		}
	}
}

func TestZeroClientWithNilInputs(t *testing.T) {
	for kind, client := range unmadeClients {
		_, err := client.StartDashboardSnapshotJob(t.Context(), nil, nil)
		assert.ErrorAs(t, err, new(*InvalidInputError), kind)
		_, err = client.StartDashboardSnapshotJobSchedule(t.Context(), nil, nil)
		assert.ErrorAs(t, err, new(*InvalidInputError), kind)
		_, err = client.DescribeDashboardDefinition(t.Context(), nil, nil)
		assert.ErrorAs(t, err, new(*InvalidInputError), kind)
	}
}

// errorOf returns the error of a call with this response.
func errorOf(t *testing.T, r mockResponse) error {
	t.Helper()
	_, err := describe(t, options(responses(r)))
	require.Error(t, err)
	return err
}

// checkTransient checks what IsTransient says of each error.
func checkTransient(t *testing.T, want bool, errs map[string]error) {
	t.Helper()
	for name, err := range errs {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, want, IsTransient(err), "%v", err)
		})
	}
}

func TestIsTransient(t *testing.T) {
	failed := errorOf(t, mockResponse{status: 500})
	limit := new(LimitExceededException)
	page := mockResponse{status: 502, body: "<html>"}
	notFinishedYet := notFinished("InvalidParameterValueException")
	checkTransient(t, true, map[string]error{
		"a connection reset":   errorOf(t, mockResponse{err: io.EOF}),
		"the transport's own":  errorOf(t, mockResponse{err: context.Canceled}),
		"500":                  failed,
		"500, wrapped":         fmt.Errorf("x: %w", failed),
		"501":                  errorOf(t, mockResponse{status: 501}),
		"502, a proxy's page":  errorOf(t, page),
		"503":                  errorOf(t, mockResponse{status: 503}),
		"429":                  errorOf(t, mockResponse{status: 429}),
		"throttled":            errorOf(t, exceptionResponse(429, "ThrottlingException")),
		"at the limit":         fmt.Errorf("x: %w", limit),
		"not finished":         errorOf(t, notFinishedYet),
		"not finished, itself": ErrJobNotFinished,
	})
}

func TestIsNotTransient(t *testing.T) {
	misleading := mockResponse{status: 400, body: "connection reset"}
	unknownHost := &net.DNSError{IsNotFound: true}
	invalid := &InvalidInputError{Faults: []InputFault{{Field: "Region", Problem: "connection reset"}}}
	checkTransient(t, false, map[string]error{
		"nil":                       nil,
		"another error":             io.ErrShortBuffer,
		"400":                       errorOf(t, mockResponse{status: 400}),
		"404":                       errorOf(t, exceptionResponse(404, "ResourceNotFoundException")),
		"403":                       errorOf(t, exceptionResponse(403, "AccessDeniedException")),
		"307":                       errorOf(t, mockResponse{status: 307}),
		"the words of a response":   errorOf(t, misleading),
		"an undecodable response":   errorOf(t, mockResponse{status: 200, body: "<html>"}),
		"an invalid input":          invalid,
		"an invalid input, wrapped": fmt.Errorf("x: %w", invalid),
		"a failed job":              &JobError{Message: "connection reset"},
		"canceled":                  context.Canceled,
		"a canceled call":           canceledCall(t),
		"nobody there":              errorOf(t, mockResponse{err: unknownHost}),
	})
}

// The call's own deadline has passed, whatever the last response was.
func TestDeadlineAfterA503IsNotTransient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		o := options(responses(mockResponse{status: 503}))
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) { o.BaseDelay = time.Minute })
		_, err := New(o).DescribeDashboardSnapshotJob(ctx, exampleJob)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.False(t, IsTransient(err))
	})
}

// canceledCall is the error of a call whose context is done.
func canceledCall(t *testing.T) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := New(options(responses(mockResponse{status: 500}))).DescribeDashboardSnapshotJob(ctx, exampleJob)
	return err
}

func TestTimedOutAttemptIsTransient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(transportFunc(hangBeforeHeadersAndFail))
		o.AttemptTimeout = time.Second
		_, err := describe(t, o)
		assert.True(t, IsTransient(err))
	})
}

// A second start with the same id is what an unknown outcome asks for.
func TestUnknownOutcomeIsTransient(t *testing.T) {
	service := responses(mockResponse{status: 500})
	_, err := New(options(service)).StartDashboardSnapshotJob(t.Context(), exampleStart())
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
	assert.True(t, IsTransient(err))
}

// startedLongAgo is a service that starts a job, breaks the connection, and then says that the job
// exists.
type startedLongAgo struct {
	input   *StartDashboardSnapshotJobInput
	created time.Time
}

func (s *startedLongAgo) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		body := fmt.Sprintf(`{"CreatedTime":%s,"SnapshotConfiguration":%s}`,
			encodeJSON(s.created), encodeJSON(s.input.SnapshotConfiguration))
		return mockResponse{status: 200, body: body}.response()
	}
	if s.created.IsZero() {
		s.created = time.Now()
		return nil, io.ErrUnexpectedEOF
	}
	return mockResponse{
		status: 409,
		header: map[string]string{"X-Amzn-Errortype": "ResourceExistsException"},
	}.response()
}

func TestStartFindsTheJobOfItsFirstAttemptAfterALongPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		service := &startedLongAgo{input: exampleStart()}
		o := options(service)
		o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) {
				return time.Minute, nil
			})
		})
		_, err := New(o).StartDashboardSnapshotJob(t.Context(), service.input)
		assert.NoError(t, err)
	})
}

func TestStartOverABadCertificateStartsNothing(t *testing.T) {
	_, err := New(options(responses(mockResponse{
		err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}},
	}))).StartDashboardSnapshotJob(t.Context(), exampleStart())
	assert.ErrorAs(t, err, new(*tls.CertificateVerificationError))
	assert.NotErrorIs(t, err, ErrOutcomeUnknown)
}

// busyOnce is a provider of credentials that can be asked again after its first error.
type busyOnce struct{ asked int }

func (p *busyOnce) Retrieve(ctx context.Context) (aws.Credentials, error) {
	p.asked++
	if p.asked == 1 {
		return aws.Credentials{}, &retryDecision{err: errors.New("busy"), retryable: true}
	}
	return exampleCredentials.Retrieve(ctx)
}

func TestStartThatWasSentOnceMeetsAnothersJob(t *testing.T) {
	sent := responses(mockResponse{
		status: 409,
		header: map[string]string{"X-Amzn-Errortype": "ResourceExistsException"},
	})
	o := options(sent)
	o.Credentials = new(busyOnce)
	_, err := New(o).StartDashboardSnapshotJob(t.Context(), exampleStart())
	assert.ErrorAs(t, err, new(*ResourceExistsException))
	assert.Len(t, sent.requests, 1, "no description is asked for")
}

func TestLostStartWhoseDescriptionHasNoFiles(t *testing.T) {
	o := options(transportFunc(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost {
			return nil, io.ErrUnexpectedEOF
		}
		body := fmt.Sprintf(`{"CreatedTime":%s}`, encodeJSON(time.Now()))
		return mockResponse{status: 200, body: body}.response()
	}))
	_, err := New(o).StartDashboardSnapshotJob(t.Context(), exampleStart())
	assert.ErrorIs(t, err, ErrOutcomeUnknown)
}
