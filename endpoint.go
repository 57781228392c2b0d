package snapshotjob

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const serviceID = "QuickSight" // the SDK's name for the service, in errors and configuration

// partition is what a group of regions shares.
type partition struct{ dnsSuffix, dualStackDNSSuffix string }

// partitionOf knows the partitions of aws-sdk-go-v2 v1.48.0, all of which serve
// FIPS and dual-stack endpoints.
func partitionOf(region string) partition {
	// <partition's prefix><word>-<number>, or a name of its own
	name, numbered := strings.CutSuffix(strings.TrimRight(region, "0123456789"), "-")
	i := strings.LastIndex(name, "-") + 1
	if word := name[i:]; numbered && word != "" && !strings.Contains(word, ".") {
		region = name[:i]
	}
	switch region {
	case "cn-", "aws-cn-global":
		return partition{"amazonaws.com.cn", "api.amazonwebservices.com.cn"}
	case "eusc-de-":
		return partition{"amazonaws.eu", "api.amazonwebservices.eu"}
	case "us-iso-", "aws-iso-global":
		return partition{"c2s.ic.gov", "api.aws.ic.gov"}
	case "us-isob-", "aws-iso-b-global":
		return partition{"sc2s.sgov.gov", "api.aws.scloud"}
	case "eu-isoe-", "aws-iso-e-global":
		return partition{"cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}
	case "us-isof-", "aws-iso-f-global":
		return partition{"csp.hci.ic.gov", "api.aws.hci.ic.gov"}
	}
	// aws and aws-us-gov, and what official clients say of unknown regions
	return partition{"amazonaws.com", "api.aws"}
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
	// The pseudo regions us-fips-east-1, fips-us-east-1 and us-east-1-fips too ask for FIPS.
	region := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(o.Region, "-fips-", "-"), "fips-", ""), "-fips", "")
	fips := o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || region != o.Region
	dualStack := o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	e := endpoint{scheme: "https", host: "quicksight", region: region}
	switch {
	case region == "":
		faults.add("Region", "is missing: "+ruleError+"Missing Region (set Options.Region, or AWS_REGION before config.LoadDefaultConfig; a custom endpoint needs it too, for the signature)")
	case slices.ContainsFunc(strings.Split(region, "."), func(label string) bool {
		return !smithyhttp.ValidHostLabel(label) || strings.Trim(label, "-") != label
	}):
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
	p := partitionOf(region)
	if dualStack {
		p.dnsSuffix = p.dualStackDNSSuffix
	}
	e.host += "." + region + "." + p.dnsSuffix
	return e
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
		faults.add(field, "is no http or https URL: want one such as https://quicksight.us-east-1.amazonaws.com, or none for the region's own endpoint (it may come from an AWS_ENDPOINT_URL variable or the configuration file)")
		return
	case u.User != nil || strings.ContainsAny(text, "?#"):
		faults.add(field, "has user info, a query or a fragment, which are never sent: want scheme, host and path alone")
	}
	e.scheme, e.host = u.Scheme, u.Host
	e.rawPath = strings.TrimSuffix(u.EscapedPath(), "/") // not %2F
	e.path, _ = url.PathUnescape(e.rawPath)              // which url.Parse has done before
	for _, raw := range strings.Split(e.rawPath, "/")[1:] {
		if segment, _ := url.PathUnescape(raw); segment == "" || segment == "." || segment == ".." {
			// A proxy that normalises the path would break the signature.
			faults.add(field, `has an empty, "." or ".." path segment: want the path without`)
			return
		}
	}
}

// What a loaded configuration's sources hold, as in internal/configsources.
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

// serviceEndpoint returns a service's endpoint if it is configured, else that
// of all services.
func serviceEndpoint(cfg aws.Config, service, field string, faults *faultList) *string {
	// AWS_ENDPOINT_URL, already in cfg.BaseEndpoint, hides the services section
	// of the configuration file unless the service has a variable of its own.
	_, global := os.LookupEnv("AWS_ENDPOINT_URL")
	_, own := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(service))
	ignore, _ := configured(cfg, ignoreSource.GetIgnoreConfiguredEndpoints, "", new(faultList)) // as in the SDK
	if !ignore && (own || !global) {
		get := func(s endpointSource, ctx context.Context) (string, bool, error) {
			return s.GetServiceBaseEndpoint(ctx, service)
		}
		if base, found := configured(cfg, get, field, faults); found {
			return &base
		}
	}
	return cfg.BaseEndpoint
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
