package snapshotjob

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const serviceID = "QuickSight" // the SDK's name for the service, in errors and configuration

// partition is a group of regions that share their DNS suffixes.
type partition struct {
	prefix                        string // of its regions, <prefix>-<word>-<number>
	global                        string // a region that the rule above misses
	dnsSuffix, dualStackDNSSuffix string
}

// The partitions of aws-sdk-go-v2 v1.48.0, all of which serve FIPS and
// dual-stack endpoints. aws and aws-us-gov share their suffixes with regions
// that no partition knows.
var partitions = []partition{
	{"cn", "aws-cn-global", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
	{"eusc-de", "", "amazonaws.eu", "api.amazonwebservices.eu"},
	{"us-iso", "aws-iso-global", "c2s.ic.gov", "api.aws.ic.gov"},
	{"us-isob", "aws-iso-b-global", "sc2s.sgov.gov", "api.aws.scloud"},
	{"eu-isoe", "aws-iso-e-global", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
	{"us-isof", "aws-iso-f-global", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
}

func partitionOf(region string) partition {
	for _, p := range partitions {
		rest, ok := strings.CutPrefix(region, p.prefix+"-")
		word, number, _ := strings.Cut(rest, "-")
		if region == p.global || ok && word != "" && !strings.Contains(word, ".") &&
			number != "" && strings.Trim(number, "0123456789") == "" {
			return p
		}
	}
	return partition{dnsSuffix: "amazonaws.com", dualStackDNSSuffix: "api.aws"}
}

type endpoint struct {
	scheme, host  string
	path, rawPath string // without a slash at the end; rawPath is as it was written
	region        string // for the signature
}

// resolveEndpoint follows the endpoint rules of the official client, in their
// order and with their texts, and refuses what that client drops in silence.
func resolveEndpoint(o *Options, faults *faultList) endpoint {
	const ruleError = "failed to resolve service endpoint, endpoint rule error, Invalid Configuration: "
	const conflict = "conflicts with BaseEndpoint: " + ruleError + "%s and custom endpoint are not supported"
	region := realRegion(o.Region)
	fips := o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || region != o.Region
	dualStack := o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	e := endpoint{scheme: "https", host: "quicksight", region: region}
	switch {
	case region == "":
		faults.add("Region", "is missing: "+ruleError+"Missing Region (set Options.Region, or AWS_REGION before config.LoadDefaultConfig; a custom endpoint needs it too, for the signature)")
	case !validRegion(region):
		faults.add("Region", "is wrong: failed to bind endpoint params, invalid input region %s (want a name such as us-east-1)", quote(region))
	}
	if o.BaseEndpoint != nil {
		switch {
		case fips:
			faults.add("UseFIPSEndpoint", conflict, "FIPS")
		case dualStack:
			faults.add("UseDualStackEndpoint", conflict, "Dualstack")
		}
		e.parse("BaseEndpoint", *o.BaseEndpoint, faults)
		return e
	}
	if fips {
		e.host += "-fips"
	}
	suffix := partitionOf(region).dnsSuffix
	if dualStack {
		suffix = partitionOf(region).dualStackDNSSuffix
	}
	e.host += "." + region + "." + suffix
	return e
}

// realRegion takes the "fips" out of the pseudo regions us-fips-east-1,
// fips-us-east-1 and us-east-1-fips.
func realRegion(region string) string {
	region = strings.ReplaceAll(region, "-fips-", "-")
	region = strings.ReplaceAll(region, "fips-", "")
	return strings.ReplaceAll(region, "-fips", "")
}

func validRegion(region string) bool {
	for label := range strings.SplitSeq(region, ".") {
		if !smithyhttp.ValidHostLabel(label) || strings.Trim(label, "-") != label {
			return false
		}
	}
	return true
}

// parse reads a custom endpoint. No fault holds the text, which may hold a
// password.
func (e *endpoint) parse(field, text string, faults *faultList) {
	u, err := url.Parse(text)
	if err == nil && u.Port() != "" {
		_, err = strconv.ParseUint(u.Port(), 10, 16)
	}
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "":
		faults.add(field, "is no URL with scheme http or https, a host and perhaps a port: want one such as https://quicksight.us-east-1.amazonaws.com, or none for the region's own endpoint (it may come from an AWS_ENDPOINT_URL variable or the configuration file)")
		return
	case u.User != nil || strings.ContainsAny(text, "?#"):
		faults.add(field, "has user info, a query or a fragment, which are never sent: want scheme, host and path alone")
	}
	e.scheme, e.host = u.Scheme, u.Host
	e.rawPath = strings.TrimSuffix(u.EscapedPath(), "/") // not %2F
	e.path, _ = url.PathUnescape(e.rawPath)              // which url.Parse has done before
	for _, raw := range strings.Split(e.rawPath, "/")[1:] {
		switch segment, _ := url.PathUnescape(raw); segment {
		case "", ".", "..":
			// A proxy that normalises the path would break the signature.
			faults.add(field, `has an empty, "." or ".." path segment: want the path without`)
			return
		}
	}
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
	o.UseFIPSEndpoint, _ = configured(cfg, fipsSource.GetUseFIPSEndpoint, "UseFIPSEndpoint", &faults)
	o.UseDualStackEndpoint, _ = configured(cfg, dualStackSource.GetUseDualStackEndpoint, "UseDualStackEndpoint", &faults)
	o.BaseEndpoint = serviceEndpoint(cfg, serviceID, "BaseEndpoint", &faults)
	o.S3BaseEndpoint = serviceEndpoint(cfg, "S3", "S3BaseEndpoint", &faults)
	return faults
}

// serviceEndpoint returns a service's endpoint if it is configured, else the
// one that is configured for all services.
func serviceEndpoint(cfg aws.Config, service, field string, faults *faultList) *string {
	// AWS_ENDPOINT_URL, already in cfg.BaseEndpoint, hides the services section
	// of the configuration file unless the service has a variable of its own.
	_, global := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(service))
	ignore, _ := configured(cfg, ignoreSource.GetIgnoreConfiguredEndpoints, "", new(faultList)) // as in the SDK
	if global && !own || ignore {
		return cfg.BaseEndpoint
	}
	base, found := configured(cfg, func(s endpointSource, ctx context.Context) (string, bool, error) {
		return s.GetServiceBaseEndpoint(ctx, service)
	}, field, faults)
	if !found {
		return cfg.BaseEndpoint
	}
	return &base
}

// configured asks the sources of type S, in order, until one has the value.
func configured[S, V any](cfg aws.Config, get func(S, context.Context) (V, bool, error), field string, faults *faultList) (value V, found bool) {
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(S); ok {
			value, found, err := get(s, context.Background())
			if err != nil {
				faults.add(field, "could not be read from the configuration: %v", err)
			}
			if found || err != nil {
				return value, found
			}
		}
	}
	return value, false
}
