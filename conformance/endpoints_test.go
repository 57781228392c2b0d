package conformance

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
	"github.com/quicksight-go/snapshotjob"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endpointCase is what decides about an endpoint, and what comes of it.
type endpointCase struct {
	name      string
	region    string
	base      string // a custom endpoint, if any
	fips      bool
	dualStack bool

	url     string // of the endpoint
	problem string // a part of the error's text, if there is an error
}

// config is the configuration of a client that sends to the endpoint.
func (c endpointCase) config(client aws.HTTPClient) aws.Config {
	cfg := Config(Keys, client)
	cfg.Region = c.region
	if c.base != "" {
		cfg.BaseEndpoint = &c.base
	}
	return cfg
}

func (c endpointCase) fipsState() aws.FIPSEndpointState {
	if c.fips {
		return aws.FIPSEndpointStateEnabled
	}
	return aws.FIPSEndpointStateDisabled
}

func (c endpointCase) dualStackState() aws.DualStackEndpointState {
	if c.dualStack {
		return aws.DualStackEndpointStateEnabled
	}
	return aws.DualStackEndpointStateDisabled
}

// target is an HTTP client that notes the URL of a request, without the path of
// its operation.
type target struct {
	url string
}

// Do implements aws.HTTPClient.
func (s *target) Do(req *http.Request) (*http.Response, error) {
	path, _, _ := strings.Cut(req.URL.EscapedPath(), "/accounts/"+AccountID)
	host := url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}
	s.url = host.String() + path
	return empty.response(req), nil
}

// officialTarget is where the official client sends to, or the text of its error.
func (c endpointCase) officialTarget(t *testing.T) string {
	t.Helper()
	var sent target
	client := quicksight.NewFromConfig(c.config(&sent), func(o *quicksight.Options) {
		o.EndpointOptions.UseFIPSEndpoint = c.fipsState()
		o.EndpointOptions.UseDualStackEndpoint = c.dualStackState()
	})
	_, err := callOfficial(t.Context(), client, result, exampleJob)
	if err != nil {
		return err.Error()
	}
	return sent.url
}

// ourTarget is where this repository's client sends to, or the text of its error.
func (c endpointCase) ourTarget(t *testing.T) string {
	t.Helper()
	var sent target
	client := snapshotjob.NewFromConfig(c.config(&sent), func(o *snapshotjob.Options) {
		o.UseFIPSEndpoint = c.fipsState()
		o.UseDualStackEndpoint = c.dualStackState()
	})
	_, err := callOurs(t.Context(), client, result, exampleJob)
	if err != nil {
		return err.Error()
	}
	return sent.url
}

// TestOfficialEndpointCases runs the cases of the official module's own tests,
// read from its source.
func TestOfficialEndpointCases(t *testing.T) {
	cases := parseEndpointCases(officialEndpointTests(t))
	require.GreaterOrEqual(t, len(cases), 36, "v1.113.0 has 36 cases")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := c.ourTarget(t)
			switch {
			case c.region == "" && c.base != "":
				assert.Contains(t, got, "Missing Region", NeedsRegion)
			case c.problem != "":
				assert.Contains(t, got, c.problem)
			default:
				assert.Equal(t, c.url, got)
			}
		})
	}
}

// officialEndpointTests is the source of the official module's tests of endpoints.
func officialEndpointTests(t *testing.T) string {
	t.Helper()
	const module = "github.com/aws/aws-sdk-go-v2/service/quicksight"
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module)
	dir, err := list.Output()
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "endpoints_test.go"))
	require.NoError(t, err)
	return string(source)
}

var (
	caseStart = regexp.MustCompile(`(?m)^// (.*)\nfunc TestEndpointCase`)
	caseField = regexp.MustCompile(`(Region|Endpoint|UseFIPS|UseDualStack):\s+ptr\.\w+\("?([^")]*)"?\)`)
	caseURL   = regexp.MustCompile(`url\.Parse\("([^"]*)"\)`)
	caseError = regexp.MustCompile(`e, a := "([^"]*)", err\.Error\(\)`)
)

// parseEndpointCases finds the cases in the source of generated tests.
func parseEndpointCases(source string) []endpointCase {
	var cases []endpointCase
	starts := caseStart.FindAllStringSubmatchIndex(source, -1)
	for i, start := range starts {
		end := len(source)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		name := source[start[2]:start[3]]
		cases = append(cases, parseEndpointCase(name, source[start[0]:end]))
	}
	return cases
}

// parseEndpointCase reads one case from the source of its test function.
func parseEndpointCase(name, function string) endpointCase {
	c := endpointCase{name: name}
	for _, field := range caseField.FindAllStringSubmatch(function, -1) {
		value := field[2]
		switch field[1] {
		case "Region":
			c.region = value
		case "Endpoint":
			c.base = value
		case "UseFIPS":
			c.fips = value == "true"
		case "UseDualStack":
			c.dualStack = value == "true"
		}
	}
	if match := caseURL.FindStringSubmatch(function); match != nil {
		c.url = match[1]
	}
	if match := caseError.FindStringSubmatch(function); match != nil {
		c.problem = match[1]
	}
	return c
}

// regions are regions of all partitions, regions that may come one day, pseudo
// regions, and texts that are no regions.
var regions = []string{
	"us-east-1", "eu-central-1", "ap-southeast-7", "il-central-1", "mx-central-1",
	"cn-north-1", "eusc-de-east-1", "us-gov-west-1",
	"us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1",
	"aws-global", "aws-cn-global", "aws-us-gov-global", "aws-iso-global", "aws-iso-b-global",
	"mars-north-1", "us-east", "us-isoc-east-1", "x", "a.b",
	"us-east-1-fips", "fips-us-east-1", "us-fips-east-1",
	"us_east_1", "-us-east-1", "us-east-1-", "us east 1", "üs-east-1", "us-east-1/",
}

// variants are the cases of a region: all combinations of FIPS, dual-stack and a
// custom endpoint.
func variants(region string) []endpointCase {
	var cases []endpointCase
	for _, base := range []string{"", "https://example.com/p"} {
		for _, fips := range []bool{false, true} {
			for _, dualStack := range []bool{false, true} {
				c := endpointCase{region: region, base: base, fips: fips, dualStack: dualStack}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

// TestSameEndpoints asks both clients for the endpoints of many regions.
func TestSameEndpoints(t *testing.T) {
	for _, region := range regions {
		for _, c := range variants(region) {
			official := c.officialTarget(t)
			ours := c.ourTarget(t)
			if problem, failed := endpointProblem(official, region); failed {
				assert.Contains(t, ours, problem, "%+v, official: %s", c, official)
				continue
			}
			assert.Equal(t, official, ours, "%+v", c)
		}
	}
}

// endpointProblem returns the part of the official client's error that our error
// must contain. Ours says more, and quotes the region. It returns false if the
// text is no error.
func endpointProblem(text, region string) (string, bool) {
	_, problem, failed := strings.Cut(text, "DescribeDashboardSnapshotJobResult, ")
	if !failed {
		return "", false
	}
	problem = problem[strings.LastIndex(problem, ", ")+len(", "):]
	problem, _, _ = strings.Cut(problem, " "+region)
	return problem, true
}
