package snapshotjob

import (
	"context"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const serviceID = "QuickSight" // the SDK's name for the service, in errors and configuration

// partition is a group of regions that share their DNS suffixes. All of them
// serve FIPS and dual-stack endpoints (partitions of aws-sdk-go-v2 v1.48.0).
type partition struct {
	id                 string
	prefixes           []string // a region is <prefix>-<word>-<number>
	global             string   // the pseudo region that the rule above misses
	dnsSuffix          string
	dualStackDNSSuffix string
}

var partitions = []partition{
	{"aws", []string{"us", "eu", "ap", "sa", "ca", "me", "af", "il", "mx"}, "aws-global", "amazonaws.com", "api.aws"},
	{"aws-cn", []string{"cn"}, "aws-cn-global", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"aws-eusc", []string{"eusc-de"}, "", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"aws-iso", []string{"us-iso"}, "aws-iso-global", "c2s.ic.gov", "api.aws.ic.gov"},
	{"aws-iso-b", []string{"us-isob"}, "aws-iso-b-global", "sc2s.sgov.gov", "api.aws.scloud"},
	{"aws-iso-e", []string{"eu-isoe"}, "aws-iso-e-global", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"aws-iso-f", []string{"us-isof"}, "aws-iso-f-global", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
	{"aws-us-gov", []string{"us-gov"}, "aws-us-gov-global", "amazonaws.com", "api.aws"},
}

// partitionOf returns the region's partition, and aws for a region that no
// partition knows.
func partitionOf(region string) partition {
	for _, p := range partitions {
		if region != "" && region == p.global {
			return p
		}
		for _, prefix := range p.prefixes {
			if rest, ok := strings.CutPrefix(region, prefix+"-"); ok && isWordNumber(rest) {
				return p
			}
		}
	}
	return partitions[0]
}

// isWordNumber reports whether s matches ^\w+-\d+$.
func isWordNumber(s string) bool {
	word, number, ok := strings.Cut(s, "-")
	return ok && word != "" && number != "" &&
		strings.Trim(number, "0123456789") == "" &&
		!strings.ContainsFunc(word, func(r rune) bool { return r != '_' && (r > 'z' || !unreserved(byte(r)) || r == '.' || r == '~') })
}

// endpoint is where requests go.
type endpoint struct {
	scheme, host  string
	path, rawPath string // without a slash at the end; rawPath is as it was written
	region        string // for the signature
	partition     partition
}

// resolveEndpoint follows the endpoint rules of the official client, in their
// order and with their texts, and refuses what that client drops in silence.
func resolveEndpoint(o *Options, faults *faultList) endpoint {
	region, fips := o.Region, o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled
	if real := realRegion(region); real != region {
		region, fips = real, true
	}
	dualStack := o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	e := endpoint{scheme: "https", region: region, partition: partitionOf(region)}
	switch {
	case region == "":
		faults.add("Region", "is missing: failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Missing Region (set Options.Region, or AWS_REGION before config.LoadDefaultConfig; a custom endpoint needs it too, for the signature)")
	case !validRegion(region):
		faults.add("Region", "is wrong: failed to bind endpoint params, invalid input region %s (want a name such as us-east-1)", quote(region))
	}
	if o.BaseEndpoint != nil {
		switch {
		case fips:
			faults.add("UseFIPSEndpoint", "conflicts with BaseEndpoint: failed to resolve service endpoint, endpoint rule error, Invalid Configuration: FIPS and custom endpoint are not supported")
		case dualStack:
			faults.add("UseDualStackEndpoint", "conflicts with BaseEndpoint: failed to resolve service endpoint, endpoint rule error, Invalid Configuration: Dualstack and custom endpoint are not supported")
		}
		if problem := e.parse(*o.BaseEndpoint); problem != "" {
			faults.add("BaseEndpoint", "%s", problem)
		}
		return e
	}
	e.host = "quicksight"
	if fips {
		e.host += "-fips"
	}
	suffix := e.partition.dnsSuffix
	if dualStack {
		suffix = e.partition.dualStackDNSSuffix
	}
	e.host += "." + region + "." + suffix
	return e
}

// realRegion takes the "fips" out of the pseudo regions fips-us-east-1,
// us-east-1-fips and us-fips-east-1.
func realRegion(region string) string {
	for _, part := range [...][2]string{{"-fips-", "-"}, {"fips-", ""}, {"-fips", ""}} {
		region = strings.ReplaceAll(region, part[0], part[1])
	}
	return region
}

func validRegion(region string) bool {
	for label := range strings.SplitSeq(region, ".") {
		if !smithyhttp.ValidHostLabel(label) || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return true
}

// parse reads a custom endpoint. The problem that it returns never holds the
// text itself, which may hold a password.
func (e *endpoint) parse(text string) (problem string) {
	const example = "a URL such as https://quicksight.us-east-1.amazonaws.com"
	const alone = "which is never sent: want scheme, host and path alone"
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "is an empty string: want " + example + ", or nil for the region's own endpoint"
	case err != nil:
		return "is not a URL: want one such as https://quicksight.us-east-1.amazonaws.com"
	case u.Scheme != "https" && u.Scheme != "http":
		return "has no http or https scheme: want " + example
	case u.User != nil:
		return "has user info, " + alone
	case u.RawQuery != "" || u.ForceQuery:
		return "has a query, " + alone
	case u.Fragment != "" || strings.Contains(text, "#"):
		return "has a fragment, " + alone
	case u.Hostname() == "":
		return "has no host: want " + example
	case smithyhttp.ValidateEndpointHost(u.Host) != nil && !strings.HasPrefix(u.Host, "["):
		return "has a host that is no valid host name"
	}
	e.scheme, e.host = u.Scheme, u.Host
	e.path, e.rawPath = u.Path, u.EscapedPath()
	if strings.HasSuffix(e.rawPath, "/") { // not %2F
		e.path, e.rawPath = e.path[:len(e.path)-1], e.rawPath[:len(e.rawPath)-1]
	}
	for i, raw := range strings.Split(e.rawPath, "/") {
		segment, _ := url.PathUnescape(raw) // which url.Parse has done before
		if segment == "." || segment == ".." || segment == "" && i > 0 {
			// A proxy that normalises the path would break the signature.
			return `has an empty, "." or ".." path segment: want the path without`
		}
	}
	return ""
}

// What a loaded configuration holds beyond its own fields. The interfaces are
// those of the SDK's internal/configsources, which can't be imported.
type (
	fipsSource interface {
		GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
	}
	dualStackSource interface {
		GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
	}
	ignoreSource interface {
		GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
	}
	endpointSource interface {
		GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
	}
)

// configEndpoint applies them.
func configEndpoint(cfg aws.Config, o *Options) (faults faultList) {
	var err error
	if o.UseFIPSEndpoint, _, err = firstFound(cfg, fipsSource.GetUseFIPSEndpoint); err != nil {
		faults.add("UseFIPSEndpoint", "could not be read from the configuration: %v", err)
	}
	if o.UseDualStackEndpoint, _, err = firstFound(cfg, dualStackSource.GetUseDualStackEndpoint); err != nil {
		faults.add("UseDualStackEndpoint", "could not be read from the configuration: %v", err)
	}
	o.BaseEndpoint = serviceEndpoint(cfg, serviceID, "AWS_ENDPOINT_URL_QUICKSIGHT", &faults)
	o.S3BaseEndpoint = serviceEndpoint(cfg, "S3", "AWS_ENDPOINT_URL_S3", &faults)
	return faults
}

// serviceEndpoint returns a service's endpoint if it is configured, else the
// one that is configured for all services.
func serviceEndpoint(cfg aws.Config, service, variable string, faults *faultList) *string {
	// AWS_ENDPOINT_URL, already in cfg.BaseEndpoint, hides the services section
	// of the configuration file unless the service has a variable of its own.
	_, global := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv(variable)
	if global && !own {
		return cfg.BaseEndpoint
	}
	if ignore, _, _ := firstFound(cfg, ignoreSource.GetIgnoreConfiguredEndpoints); ignore {
		return cfg.BaseEndpoint
	}
	base, found, err := firstFound(cfg, func(s endpointSource, ctx context.Context) (string, bool, error) {
		return s.GetServiceBaseEndpoint(ctx, service)
	})
	if err != nil {
		faults.add("BaseEndpoint", "of %s could not be read from the configuration: %v", service, err)
	}
	if !found {
		return cfg.BaseEndpoint
	}
	return &base
}

// firstFound asks the sources that have the interface, in order, until one has
// the value.
func firstFound[S, V any](cfg aws.Config, get func(S, context.Context) (V, bool, error)) (value V, found bool, err error) {
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(S); ok {
			if value, found, err = get(s, context.Background()); found || err != nil {
				return value, found, err
			}
		}
	}
	return *new(V), false, nil
}
