package conformance

// A Difference is something that this repository's client does differently from
// the official client, on purpose. Its text says what, and why. A test that
// meets any other difference fails.
type Difference string

// Differences of what is sent.
const (
	LabelInID Difference = "an id that looks like a label of the path, such as {SnapshotJobId}, " +
		"is data: the official client replaces it by another id"

	RefusedID Difference = "an account id that is not 12 digits is refused before sending; so are " +
		`the ids "." and "..", which a proxy or the service would take for path segments to remove`

	RefusedEndpoint Difference = "an endpoint is refused if it has user info, a query, a fragment, " +
		`or a path segment that is empty, "." or "..": the official client drops the first three ` +
		"in silence, and signs a path that a proxy would change. So is one to which nothing can be " +
		"sent: without a host, with a port that is none, or of a scheme other than http and https"

	EscapedEndpoint Difference = "ids stay escaped when the endpoint's path holds an escape: " +
		"the official client then sends the slashes of an id as slashes"

	IPv6Endpoint Difference = "the host of an endpoint may be an IPv6 address: " +
		"the official client refuses it"

	RefusedAlias Difference = "an alias with a character that the service model rules out is refused " +
		"before sending, as is an alias beside a version"

	RefusedStart Difference = "the input of a start is checked against the documented rules " +
		"before it is sent"

	UserAgent Difference = "the User-Agent, which is not signed, names this module"

	RealRegion Difference = "for a pseudo region, such as fips-us-east-1, the signature names " +
		"the region that it stands for"

	NeedsCredentials Difference = "a call without credentials is refused: " +
		"the official client sends it unsigned"

	KeptSkew Difference = "an attempt whose response doesn't tell the time leaves the clock's skew as it is: " +
		"the official client signs the next attempt of the call with its own clock"

	HonoredSkewSetting Difference = "DisableClockSkewCorrection of a configuration is honored"

	NeedsRegion Difference = "a missing region is an error with a custom endpoint too, " +
		"because the signature needs a region"
)

// Differences of what is made of a response.
const (
	HeaderRequestID Difference = "an output or an exception without a request id in its body " +
		"has that of the header"

	AskedIDs Difference = "an output without the ids of its job has those that were asked for"

	OneLine Difference = "control characters, line separators and characters that change the " +
		"direction of a text become spaces in a code, a message or a request id, so that an error is one line"

	BoundedText Difference = "a code or a request id of more than 128 bytes is cut, as is a message of more than 4 KiB"

	Redacted Difference = "queries of URLs, signatures, credentials and tokens in a message " +
		"are redacted"

	RedactedURI Difference = "a file's URI that ends in ?REDACTED is refused: " +
		"it is a printed copy, which has lost its signature"

	KeptError Difference = "an error whose body can't be read keeps the code of its header, " +
		"its status and its request id, and the beginning of the body is its message: " +
		"the official client returns a smithy.DeserializationError"

	FirstUsableCode Difference = "a code that is empty without its namespace and URI counts as absent, " +
		"so that the next one is used; spaces around a code are dropped"

	MessageTwice Difference = "if a body has both Message and message, the first one counts: " +
		"which one the official client takes is left to chance"

	Redirects Difference = "redirects are never followed: the official client follows 307 and 308"

	AttemptTimeout Difference = "by default an attempt ends after 30 seconds, and is tried again: " +
		"the official client waits for as long as its HTTP client does"

	CauseOfContext Difference = "the error of a call that its context has ended matches the context's cause, " +
		"and the error that came before"

	PlainServer Difference = "a server that responds to https in plain HTTP is not asked again, " +
		"because only another address would help"

	CutOff Difference = "a GET is tried again if the body of its 2xx response was cut off"

	WholeValue Difference = "a JSON value that arrived completely counts, however the connection ended: " +
		"the official client reads on behind a value such as null"

	WholeBodyOnly Difference = "a body is read up to a limit, which is 64 KiB for an error"

	Timestamps Difference = "timestamps are right up to the year 9999, and an error beyond it: " +
		"those of the official client wrap around outside the years 1677 to 2262"

	LargeStatus Difference = "a Status of a body that needs more than 32 bits is kept " +
		"on a 64-bit machine: the official client cuts it to 32 bits"

	KeptOfDefinition Difference = "of a definition only what a snapshot needs is kept; " +
		"a wrong type elsewhere is no error"

	NeedsID Difference = "a sheet or a visual without an id, which no start can name, is left out"

	UnknownKind Difference = "a visual of a kind that the official client doesn't know is kept; " +
		"so is the title of a visual whose kind should have none"

	PlainTitle Difference = "the title of a visual is plain text: the markup of a rich text is removed"

	RepeatedMember Difference = "if a member of a definition stands twice, each must be of the right type, " +
		"and two objects are merged: the official client takes the last one"

	NotByMessage Difference = "words in a response, such as connection reset, don't decide whether " +
		"the call is tried again"

	FreshCredentials Difference = "if the service calls the credentials expired, and the provider " +
		"can be invalidated, credentials are asked for anew and the call is tried once more"

	DescribesLostStart Difference = "after a start whose outcome is not known, the job is described: " +
		"that tells whether the start took place"

	LimitExceeded Difference = "by default the starts are not tried again after a LimitExceededException: " +
		"running jobs don't end within seconds"

	RetryTokens Difference = "a retried success adds one of the retryer's 500 tokens besides those that " +
		"it pays back: only the SDK's own loop can tell the retryer which attempt is a retry"
)
