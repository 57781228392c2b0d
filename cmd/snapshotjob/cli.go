package main

import (
	kongcompletion "github.com/jotaen/kong-completion"
)

// description is what --help says of the program as a whole.
const description = `Make snapshots of Amazon QuickSight dashboards, as PDF, CSV or Excel.

A job is named by ACCOUNT/DASHBOARD/JOB or by its ARN, as an argument; by the flags
--aws-account-id, --dashboard-id and --snapshot-job-id; or by lines of standard input.
What a command prints with --output json can be piped into the next one:

    snapshotjob start --dashboard-id revenue --pdf Overview | snapshotjob download --dir reports

Results go to standard output. What is for people goes to standard error.

Exit codes:

    0    all went well
    1    a job failed, or a file is missing
    2    the wait ran out; the job goes on
    130  interrupted
    252  the command line or an input file is wrong; nothing was sent
    253  the credentials or the region are missing
    254  the service refused a request
    255  anything else
`

// cli is the command line. The help tags are what --help shows.
type cli struct {
	globalFlags

	Sheets     sheetsCommand             `cmd:"" help:"List the sheets and visuals of a dashboard, with their ids."`
	Export     exportCommand             `cmd:"" help:"Start jobs, wait for them, and download their files."`
	Batch      batchCommand              `cmd:"" help:"Export everything that a file of requests asks for."`
	Start      startCommand              `cmd:"" help:"Start a job."`
	Status     statusCommand             `cmd:"" help:"Show the status of jobs."`
	Wait       waitCommand               `cmd:"" help:"Wait until jobs have finished, and show their results."`
	Result     resultCommand             `cmd:"" help:"Show the results of finished jobs."`
	Download   downloadCommand           `cmd:"" help:"Wait until jobs have finished, and download their files."`
	Fake       fakeCommand               `cmd:"" help:"Serve a fake QuickSight for tests."`
	Version    versionCommand            `cmd:"" help:"Show the version."`
	Completion kongcompletion.Completion `cmd:"" help:"Show how to complete commands and flags in a shell."`
}

// globalFlags are the flags that every command has.
type globalFlags struct {
	Profile     string `placeholder:"NAME" help:"Profile of the AWS configuration files. Default: AWS_PROFILE, or \"default\"."`
	Region      string `placeholder:"NAME" help:"AWS region, such as us-east-1. Default: AWS_REGION, or that of the profile."`
	EndpointURL string `name:"endpoint-url" placeholder:"URL" help:"Send the requests to QuickSight to this URL."`
	Output      string `enum:"auto,json,text,table" default:"auto" placeholder:"FORMAT" help:"json (one object a line), text (fields between tabs) or table. Default: table on a terminal, otherwise json; AWS_DEFAULT_OUTPUT changes it."`
	ShowURLs    bool   `name:"show-urls" help:"Show presigned URLs as a whole. Whoever has one can read the file until it expires."`
	Verbose     bool   `short:"v" help:"Write a line to standard error for all that happens, in place of progress bars. With --output json it is a line of JSON."`
	Debug       bool   `help:"Like --verbose, with a line for every attempt at a request."`
}
