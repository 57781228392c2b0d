module github.com/quicksight-go/snapshotjob

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/aws/smithy-go v1.28.9
	github.com/go-json-experiment/json v1.27.2
)
