package snapshotjob

import (
	"context"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// serviceID is the SDK's name for the service, in errors and in configuration.
const serviceID = "QuickSight"

// endpointRuleError begins the texts of the official client's endpoint rules.
const endpointRuleError = "failed to resolve service endpoint, endpoint rule error, Invalid Configuration: "

// endpoint is where requests are sent, and the region that they are signed for.
type endpoint struct {
	scheme  string
	host    string
	path    string // without a slash at the end
	rawPath string // path with its escapes, likewise
	region  string
}

// url returns the URL of a path below the endpoint's own. It sets RawPath only if
// something in the path is escaped.
func (e *endpoint) url(path requestPath) url.URL {
	u := url.URL{
		Scheme: e.scheme,
		Host:   e.host,
		Path:   e.path + path.plain,
	}
	if e.rawPath != "" || path.escaped != path.plain {
		u.RawPath = e.rawPath + path.escaped
	}
	return u
}

// partition holds the host names that a group of regions shares.
type partition struct {
	dnsSuffix          string
	dualStackDNSSuffix string
}

// partitionOf returns the partition of a region, as aws-sdk-go-v2 v1.48.0 knows them.
// All of its partitions have FIPS and dual-stack endpoints.
func partitionOf(region string) partition {
	switch regionPrefix(region) {
	case "cn-", "aws-cn-global":
		return partition{
			dnsSuffix:          "amazonaws.com.cn",
			dualStackDNSSuffix: "api.amazonwebservices.com.cn",
		}
	case "eusc-de-":
		return partition{
			dnsSuffix:          "amazonaws.eu",
			dualStackDNSSuffix: "api.amazonwebservices.eu",
		}
	case "us-iso-", "aws-iso-global":
		return partition{
			dnsSuffix:          "c2s.ic.gov",
			dualStackDNSSuffix: "api.aws.ic.gov",
		}
	case "us-isob-", "aws-iso-b-global":
		return partition{
			dnsSuffix:          "sc2s.sgov.gov",
			dualStackDNSSuffix: "api.aws.scloud",
		}
	case "eu-isoe-", "aws-iso-e-global":
		return partition{
			dnsSuffix:          "cloud.adc-e.uk",
			dualStackDNSSuffix: "api.cloud-aws.adc-e.uk",
		}
	case "us-isof-", "aws-iso-f-global":
		return partition{
			dnsSuffix:          "csp.hci.ic.gov",
			dualStackDNSSuffix: "api.aws.hci.ic.gov",
		}
	}
	// The partitions aws and aws-us-gov, and every unknown region, for which the
	// official clients assume the same.
	return partition{
		dnsSuffix:          "amazonaws.com",
		dualStackDNSSuffix: "api.aws",
	}
}

// regionPrefix returns what the regions of a partition have in common: "us-iso-" of
// "us-iso-east-1". The SDK's rule is ^<prefix>\w+-\d+$. A region with a name of another
// form is returned as it is.
func regionPrefix(region string) string {
	withoutNumber, hasDash := strings.CutSuffix(strings.TrimRight(region, "0123456789"), "-")
	if !hasDash {
		return region
	}
	wordStart := strings.LastIndex(withoutNumber, "-") + 1
	word := withoutNumber[wordStart:]
	if word == "" || strings.Contains(word, ".") {
		return region
	}
	return withoutNumber[:wordStart]
}

// resolveEndpoint follows the endpoint rules of the official client, in their order
// and with their texts. It also refuses what the official client ignores silently: user
// info, a query and a fragment.
func resolveEndpoint(o *Options, problems *problemList) endpoint {
	region := withoutFIPS(o.Region)
	isFIPS := o.UseFIPSEndpoint == aws.FIPSEndpointStateEnabled || region != o.Region
	isDualStack := o.UseDualStackEndpoint == aws.DualStackEndpointStateEnabled
	checkRegion(region, problems)
	if o.BaseEndpoint != nil {
		checkCustomEndpoint(isFIPS, isDualStack, problems)
		custom := endpoint{region: region}
		custom.parse("BaseEndpoint", *o.BaseEndpoint, problems)
		return custom
	}
	name := "quicksight"
	if isFIPS {
		name += "-fips"
	}
	names := partitionOf(region)
	suffix := names.dnsSuffix
	if isDualStack {
		suffix = names.dualStackDNSSuffix
	}
	return endpoint{
		scheme: "https",
		host:   name + "." + region + "." + suffix,
		region: region,
	}
}

// withoutFIPS returns the region that a pseudo region such as us-fips-east-1,
// fips-us-east-1 or us-east-1-fips stands for. Such a region asks for FIPS.
func withoutFIPS(region string) string {
	region = strings.ReplaceAll(region, "-fips-", "-")
	region = strings.ReplaceAll(region, "fips-", "")
	return strings.ReplaceAll(region, "-fips", "")
}

// checkRegion adds a problem if region cannot be part of a host name.
func checkRegion(region string, problems *problemList) {
	if region == "" {
		problems.add("Region", "is missing: "+endpointRuleError+"Missing Region "+
			"(set Options.Region, or AWS_REGION before config.LoadDefaultConfig; "+
			"a custom endpoint needs it too, for the signature)")
		return
	}
	for label := range strings.SplitSeq(region, ".") {
		hasOuterDash := strings.Trim(label, "-") != label
		if hasOuterDash || !smithyhttp.ValidHostLabel(label) {
			problems.add("Region", "is wrong: failed to bind endpoint params, invalid input region %s "+
				"(want a name such as us-east-1)", quote(region))
			return
		}
	}
}

// checkCustomEndpoint adds a problem if an option that selects among the region's own
// endpoints conflicts with a custom endpoint.
func checkCustomEndpoint(isFIPS, isDualStack bool, problems *problemList) {
	const format = "conflicts with BaseEndpoint: " + endpointRuleError +
		"%s and custom endpoint are not supported"
	switch {
	case isFIPS:
		problems.add("UseFIPSEndpoint", format, "FIPS")
	case isDualStack:
		problems.add("UseDualStackEndpoint", format, "Dualstack")
	}
}

// parse sets the scheme, host and path of a custom endpoint from its URL. No problem
// that it adds holds the URL, in which there may be a password.
func (e *endpoint) parse(field, text string, problems *problemList) {
	u, err := url.Parse(text)
	if err != nil || !isHTTPURL(u) {
		problems.add(field, "is not an http or https URL: want one such as "+
			"https://endpoint.example.com, or none for AWS's own endpoint "+
			"(it may come from an AWS_ENDPOINT_URL variable or the configuration file)")
		return
	}
	if u.User != nil || strings.ContainsAny(text, "?#") {
		problems.add(field, "has user info, a query or a fragment, which are never sent: "+
			"want scheme, host and path alone")
	}
	if !isSentAsWritten(u.Host) {
		problems.add(field, "has a host with characters that no Host header can have: "+
			"want an international name in its ASCII form, and an IPv6 address without a zone")
	}
	e.scheme = u.Scheme
	e.host = u.Host
	// A slash at the end goes, but not one that is written %2F.
	e.rawPath = strings.TrimSuffix(u.EscapedPath(), "/")
	e.path = unescapePath(e.rawPath)
	checkEndpointPath(field, e.rawPath, problems)
}

// isHTTPURL reports whether u has a scheme, host and port that requests can be sent to.
func isHTTPURL(u *url.URL) bool {
	if u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
		return false
	}
	if u.Port() == "" {
		return true
	}
	_, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil
}

// isSentAsWritten reports whether net/http sends the host in a Host header as it is
// written. It refuses some characters, translates those beyond ASCII, and takes off the
// zone of an IPv6 address: the signature, which holds the host, would then be wrong.
func isSentAsWritten(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r > unicode.MaxASCII || strings.ContainsRune("\"<>%", r)
	})
}

// unescapePath returns an escaped path without its escapes. The path must be from a
// URL that was parsed, so that each escape is known to be right.
func unescapePath(rawPath string) string {
	path, err := url.PathUnescape(rawPath)
	if err != nil {
		panic(err)
	}
	return path
}

// checkEndpointPath adds a problem if a proxy that normalises paths would change this
// one, and so break the signature.
func checkEndpointPath(field, rawPath string, problems *problemList) {
	if rawPath == "" {
		return
	}
	for raw := range strings.SplitSeq(strings.TrimPrefix(rawPath, "/"), "/") {
		switch unescapePath(raw) {
		case "", ".", "..":
			problems.add(field, `has an empty, "." or ".." path segment: want the path without`)
			return
		}
	}
}

// The interfaces of a loaded configuration's sources, as in the SDK's
// internal/configsources.
type (
	fipsSource interface {
		GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
	}
	dualStackSource interface {
		GetUseDualStackEndpoint(context.Context) (aws.DualStackEndpointState, bool, error)
	}
	ignoreEndpointsSource interface {
		GetIgnoreConfiguredEndpoints(context.Context) (bool, bool, error)
	}
	serviceEndpointSource interface {
		GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
	}
)

// useConfiguredEndpoints sets the options that select endpoints as a configuration
// has them.
func useConfiguredEndpoints(o *Options, cfg aws.Config, problems *problemList) {
	fips, err := configured(cfg, fipsSource.GetUseFIPSEndpoint)
	addConfigurationProblem("UseFIPSEndpoint", err, problems)
	o.UseFIPSEndpoint = fips.value

	dualStack, err := configured(cfg, dualStackSource.GetUseDualStackEndpoint)
	addConfigurationProblem("UseDualStackEndpoint", err, problems)
	o.UseDualStackEndpoint = dualStack.value

	o.BaseEndpoint, err = configuredEndpoint(cfg, serviceID)
	addConfigurationProblem("BaseEndpoint", err, problems)

	o.S3BaseEndpoint, err = configuredEndpoint(cfg, "S3")
	addConfigurationProblem("S3BaseEndpoint", err, problems)
}

// addConfigurationProblem adds a problem if a setting could not be read.
func addConfigurationProblem(field string, err error, problems *problemList) {
	if err != nil {
		problems.add(field, "could not be read from the configuration: %v", err)
	}
}

// configuredEndpoint returns the endpoint that is configured for a service, or the
// one for all services, or nil.
func configuredEndpoint(cfg aws.Config, service string) (*string, error) {
	// As in the SDK, a setting that cannot be read does not count.
	ignore, _ := configured(cfg, ignoreEndpointsSource.GetIgnoreConfiguredEndpoints)
	// AWS_ENDPOINT_URL, which is cfg.BaseEndpoint already, hides the services section
	// of the configuration file, unless the service has a variable of its own.
	_, hasGlobal := os.LookupEnv("AWS_ENDPOINT_URL")
	_, hasOwn := os.LookupEnv("AWS_ENDPOINT_URL_" + strings.ToUpper(service))
	if ignore.value || hasGlobal && !hasOwn {
		return cfg.BaseEndpoint, nil
	}
	get := func(source serviceEndpointSource, ctx context.Context) (string, bool, error) {
		return source.GetServiceBaseEndpoint(ctx, service)
	}
	base, err := configured(cfg, get)
	if !base.found {
		return cfg.BaseEndpoint, err
	}
	return &base.value, err
}

// setting is the value of a configured setting.
type setting[V any] struct {
	value V
	found bool
}

// configured asks the sources of a configuration that are of type S, in their order,
// until one has the setting or cannot read it.
func configured[S, V any](cfg aws.Config, get func(S, context.Context) (V, bool, error)) (setting[V], error) {
	for _, source := range cfg.ConfigSources {
		typed, ok := source.(S)
		if !ok {
			continue
		}
		value, found, err := get(typed, context.Background())
		if found || err != nil {
			return setting[V]{value: value, found: found}, err
		}
	}
	return setting[V]{}, nil
}
