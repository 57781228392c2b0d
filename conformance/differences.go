package conformance

// Difference is something that this repository's client does in another way
// than the official one, on purpose.
type Difference string

// Requests.
const (
	LabelInID Difference = "an id that looks like a label of the path, such as {SnapshotJobId}, is data: the official client puts the other id in its place"

	RefusedID Difference = `an account id that is not 12 digits, and the ids "." and "..", are refused before sending: a proxy or the service would take the latter for path segments to remove`

	RefusedEndpoint Difference = `an endpoint with user info, query, fragment, or an empty, "." or ".." path segment is refused: the official client drops the former in silence, and signs a path that a proxy would change`

	EscapedEndpoint Difference = "ids stay escaped when the endpoint's path holds an escape: the official client sends their slashes as slashes"

	IPv6Endpoint Difference = "the host of an endpoint may be an IPv6 address"

	RefusedStart Difference = "the input of a start is held against the documented rules before sending"

	UserAgent Difference = "the User-Agent, which is not signed, names this module"

	RealRegion Difference = "a pseudo region such as fips-us-east-1 is signed as the region it means"

	NeedsRegion Difference = "no region is an error with an endpoint of one's own too: the signature needs one"
)

// Answers.
const (
	HeaderRequestID Difference = "the request id of an output or an exception is the header's where the body has none"

	AskedIDs Difference = "the ids of an output that lacks them are those asked about"

	OneLine Difference = "control characters and line separators in a code, a message or a request id become spaces, so that an error is one line"

	Redacted Difference = "queries of URLs, signatures, credentials and tokens in a message are redacted"

	RedactedURI Difference = "a file's URI that ends in ?REDACTED, as URIs are printed, is refused: it is a copy that lost its signature"

	KeptError Difference = "an error whose body can't be read keeps the code of its header, its status and request id, with the beginning of the body as its message; the official client gives a smithy.DeserializationError instead"

	FirstUsableCode Difference = "a code that is empty without its namespace and URI is absent, and the next one counts; spaces around a code do not"

	MessageTwice Difference = "of the keys Message and message the first counts: the official client takes either, by chance"

	Redirects Difference = "redirects are never followed: the official client follows 307 and 308"

	CutOff Difference = "a GET whose 2xx body was cut off is tried again"

	WholeValue Difference = "a JSON value that arrived whole is an answer, however the connection ended: the official client reads on behind a value such as null"

	WholeBodyOnly Difference = "a 2xx body and an error's body are read to a limit of 16 MiB and 64 KiB"

	Timestamps Difference = "timestamps are right up to the year 9999, and an error beyond: the official client's wrap around outside the years 1677 to 2262"

	LargeStatus Difference = "a Status in the body is kept as it is, on a 64-bit machine: the official client's has 32 bits"

	NotByMessage Difference = "whether an answer is tried again is not decided by words in its message, such as connection reset"

	FreshCredentials Difference = "credentials that the service calls expired are asked for anew, and the call is tried once more, where the provider can be invalidated"

	DescribesLostStart Difference = "after a start whose outcome is not known, its job is described: that tells whether it was started"

	LimitExceeded Difference = "LimitExceededException is not tried again by the starts: running jobs do not end within seconds"
)
