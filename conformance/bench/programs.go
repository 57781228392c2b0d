package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// program is a consumer's: it asks for the result of one job, and prints its
// status.
type program struct {
	client     string // one of clients, or baseline
	withConfig bool   // credentials and settings through package config
}

const baseline = "baseline" // a program that serves and calls over HTTP, as any backend does

var sources = map[program]string{
	{baseline, false}: `package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
)

func main() {
	req, _ := http.NewRequestWithContext(context.Background(), "GET", "http://localhost", nil)
	resp, err := http.DefaultClient.Do(req)
	var v any
	if err == nil {
		err = json.NewDecoder(resp.Body).Decode(&v)
	}
	slog.Error("asked", "value", v, "error", err, "server", http.ListenAndServe(":0", nil))
}
`,
	{"official", false}: `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/quicksight"
)

func main() {
	client := quicksight.NewFromConfig(` + static + `)
	out, err := client.DescribeDashboardSnapshotJobResult(context.Background(), &quicksight.DescribeDashboardSnapshotJobResultInput{
		AwsAccountId: aws.String("111122223333"), DashboardId: aws.String("sales"), SnapshotJobId: aws.String("daily"),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.JobStatus)
}
`,
	{"snapshotjob", false}: `package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/quicksight-go/snapshotjob"
)

func main() {
	client := snapshotjob.NewFromConfig(` + static + `)
	out, err := client.DescribeDashboardSnapshotJobResult(context.Background(), snapshotjob.Job{
		AWSAccountID: "111122223333", DashboardID: "sales", SnapshotJobID: "daily",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(out.JobStatus)
}
`,
}

// static is a configuration without package config.
const static = `aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(os.Getenv("ENDPOINT")),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}, nil
		}),
	}`

// source is the program's text. With package config, it is the same but for
// where the configuration comes from.
func (p program) source() string {
	text := sources[program{p.client, false}]
	if p.withConfig {
		text = strings.Replace(text, static, "cfg", 1)
		text = strings.Replace(text, "\tclient :=", "\tcfg, err := config.LoadDefaultConfig(context.Background())\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tclient :=", 1)
		text = strings.Replace(text, "\t\"os\"\n", "", 1)
		text = strings.Replace(text, "/aws\"\n", "/config\"\n", 1)
		if p.client == "official" {
			text = strings.Replace(text, "/config\"\n", "/config\"\n\t\"github.com/aws/aws-sdk-go-v2/aws\"\n", 1)
		}
	}
	return text
}

// write makes the program's module in a new folder below dir. The versions are
// those that this module builds with.
func (p program) write(dir string) (string, error) {
	folder := filepath.Join(dir, fmt.Sprintf("%s-%t", p.client, p.withConfig))
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", err
	}
	root, err := goTool("", "list", "-m", "-f", "{{.Dir}}", "github.com/quicksight-go/snapshotjob")
	if err != nil {
		return "", err
	}
	mod := "module example.com/consumer\n\ngo 1.26.0\n"
	var packages []string
	if p.client == "snapshotjob" {
		packages = append(packages, "github.com/quicksight-go/snapshotjob")
		mod += "\nreplace github.com/quicksight-go/snapshotjob => " + root + "\n"
	}
	if p.client == "official" {
		packages = append(packages, "github.com/aws/aws-sdk-go-v2/service/quicksight")
	}
	if p.client != baseline {
		packages = append(packages, "github.com/aws/aws-sdk-go-v2")
	}
	if p.withConfig {
		packages = append(packages, "github.com/aws/aws-sdk-go-v2/config")
	}
	for _, path := range packages {
		version := "v0.0.0"
		if path != "github.com/quicksight-go/snapshotjob" {
			if version, err = goTool(root, "list", "-mod=readonly", "-m", "-f", "{{.Version}}", path); err != nil {
				return "", err
			}
		}
		mod += fmt.Sprintf("\nrequire %s %s\n", path, version)
	}
	for name, text := range map[string]string{"go.mod": mod, "main.go": p.source()} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o666); err != nil {
			return "", err
		}
	}
	_, err = goTool(folder, "mod", "tidy")
	return folder, err
}

// goTool runs the go command in dir. In a folder of its own it knows nothing of
// a workspace.
func goTool(dir string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	if len(args) > 0 && (args[0] == "mod" || args[0] == "build") {
		cmd.Env = append(cmd.Env, "GOWORK=off", "GOFLAGS=-mod=mod")
	}
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok {
		err = fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return strings.TrimSpace(string(out)), err
}
