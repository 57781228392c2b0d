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
)

// endpointCase is a set of endpoint parameters, and what they make.
type endpointCase struct {
	name, region, base string
	fips, dualStack    bool
	url, problem       string
}

// targets are the URLs that the clients send to, without the operation's path, or
// the texts of their errors.
func (c endpointCase) targets(t *testing.T) (official, ours string) {
	t.Helper()
	var sent string
	cfg := Config(Keys, DoFunc(func(req *http.Request) (*http.Response, error) {
		base, _, _ := strings.Cut(req.URL.EscapedPath(), "/accounts/"+AccountID)
		sent = (&url.URL{Scheme: req.URL.Scheme, Host: req.URL.Host}).String() + base
		return reply{status: 200, body: []byte("{}")}.response(req), nil
	}))
	cfg.Region = c.region
	if c.base != "" {
		cfg.BaseEndpoint = aws.String(c.base)
	}
	fips, dualStack := aws.FIPSEndpointStateDisabled, aws.DualStackEndpointStateDisabled
	if c.fips {
		fips = aws.FIPSEndpointStateEnabled
	}
	if c.dualStack {
		dualStack = aws.DualStackEndpointStateEnabled
	}
	_, err := callOfficial(t.Context(), quicksight.NewFromConfig(cfg, func(o *quicksight.Options) {
		o.EndpointOptions.UseFIPSEndpoint, o.EndpointOptions.UseDualStackEndpoint = fips, dualStack
	}), result, exampleJob)
	official = sent
	if err != nil {
		official = err.Error()
	}
	_, err = callOurs(t.Context(), snapshotjob.NewFromConfig(cfg, func(o *snapshotjob.Options) {
		o.UseFIPSEndpoint, o.UseDualStackEndpoint = fips, dualStack
	}), result, exampleJob)
	if err != nil {
		return official, err.Error()
	}
	return official, sent
}

// TestOfficialEndpointCases runs the cases of the official module's own tests,
// read from its source.
func TestOfficialEndpointCases(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/quicksight").Output()
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "endpoints_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	cases := parseEndpointCases(string(source))
	if len(cases) < 36 {
		t.Fatalf("found %d cases, want the 36 of v1.113.0", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, got := c.targets(t)
			switch {
			case c.region == "" && c.base != "":
				if !strings.Contains(got, "Missing Region") {
					t.Errorf("got %s, want an error: %s", got, NeedsRegion)
				}
			case c.problem != "":
				if !strings.Contains(got, c.problem) {
					t.Errorf("got %s, want the text %q", got, c.problem)
				}
			case got != c.url:
				t.Errorf("got %s, want %s", got, c.url)
			}
		})
	}
}

var (
	caseStart = regexp.MustCompile(`(?m)^// (.*)\nfunc TestEndpointCase`)
	caseField = regexp.MustCompile(`(Region|Endpoint|UseFIPS|UseDualStack):\s+ptr\.\w+\("?([^")]*)"?\)`)
	caseURL   = regexp.MustCompile(`url\.Parse\("([^"]*)"\)`)
	caseError = regexp.MustCompile(`e, a := "([^"]*)", err\.Error\(\)`)
)

func parseEndpointCases(source string) (cases []endpointCase) {
	starts := caseStart.FindAllStringSubmatchIndex(source, -1)
	for i, at := range starts {
		end := len(source)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		block := source[at[0]:end]
		c := endpointCase{name: source[at[2]:at[3]]}
		for _, field := range caseField.FindAllStringSubmatch(block, -1) {
			switch field[1] {
			case "Region":
				c.region = field[2]
			case "Endpoint":
				c.base = field[2]
			case "UseFIPS":
				c.fips = field[2] == "true"
			case "UseDualStack":
				c.dualStack = field[2] == "true"
			}
		}
		if m := caseURL.FindStringSubmatch(block); m != nil {
			c.url = m[1]
		}
		if m := caseError.FindStringSubmatch(block); m != nil {
			c.problem = m[1]
		}
		cases = append(cases, c)
	}
	return cases
}

// TestSameEndpoints asks both clients for the endpoints of many regions.
func TestSameEndpoints(t *testing.T) {
	regions := []string{
		"us-east-1", "eu-central-1", "ap-southeast-7", "il-central-1", "mx-central-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1",
		"eu-isoe-west-1", "us-isof-south-1", "us-gov-west-1", "aws-global", "aws-cn-global", "aws-us-gov-global", "aws-iso-global", "aws-iso-b-global",
		"mars-north-1", "us-east", "us-isoc-east-1", "x", "a.b", "us-east-1-fips", "fips-us-east-1", "us-fips-east-1", "us_east_1", "-us-east-1", "us-east-1-", "us east 1", "üs-east-1", "us-east-1/",
	}
	for _, region := range regions {
		for i := range 8 {
			c := endpointCase{region: region, fips: i&1 > 0, dualStack: i&2 > 0}
			if i&4 > 0 {
				c.base = "https://example.com/p"
			}
			official, ours := c.targets(t)
			if _, problem, failed := strings.Cut(official, "DescribeDashboardSnapshotJobResult, "); failed {
				// Ours says more, and quotes the region.
				problem = problem[strings.LastIndex(problem, ", ")+len(", "):]
				problem, _, _ = strings.Cut(problem, " "+region)
				if !strings.Contains(ours, problem) {
					t.Errorf("%+v: got %s, want the text %q of %s", c, ours, problem, official)
				}
				continue
			}
			if ours != official {
				t.Errorf("%+v: got %s, want %s", c, ours, official)
			}
		}
	}
}
