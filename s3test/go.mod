module github.com/quicksight-go/snapshotjob/s3test

go 1.26.0

replace github.com/quicksight-go/snapshotjob => ../

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/quicksight-go/snapshotjob v0.0.0-00010101000000-000000000000
	github.com/rclone/gofakes3 v0.0.12
	github.com/stretchr/testify v1.12.1
)

require (
	github.com/aws/aws-sdk-go-v2/service/s3 v1.114.9 // indirect
	github.com/aws/smithy-go v1.28.9 // indirect
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/minio/xxml v0.0.3 // indirect
	github.com/ryszard/goskiplist v0.0.0-20150312221310-2dfbae5fcf46 // indirect
	github.com/shabbyrobe/gocovmerge v0.0.0-20230507112040-c3350d9342df // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/tools v0.40.0 // indirect
)
