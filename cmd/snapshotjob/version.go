package main

import (
	"context"
	"runtime/debug"
)

// versionCommand shows the version.
type versionCommand struct{}

// Help returns what the help shows below the usage.
func (versionCommand) Help() string {
	return `Examples:

    snapshotjob version
`
}

// Run runs the command.
func (versionCommand) Run(_ context.Context, s *session) error {
	output := s.newPrinter("VERSION", "GO", "CHANGE")
	if err := output.print(readVersion()); err != nil {
		return err
	}
	return output.flush()
}

// versionRecord is what "version" shows.
type versionRecord struct {
	Version string // of the module, "(devel)" if it was built from a checkout
	Go      string // with which it was built
	Change  string `json:",omitzero"` // of the checkout
}

// tableRows returns the version's row.
func (r versionRecord) tableRows() []row {
	return []row{{r.Version, r.Go, r.Change}}
}

// readVersion returns the version that the Go command has put into the program.
func readVersion() versionRecord {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versionRecord{Version: "unknown"}
	}
	record := versionRecord{
		Version: info.Main.Version,
		Go:      info.GoVersion,
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			record.Change = setting.Value
		}
	}
	return record
}

// textRows returns the same as tableRows.
func (r versionRecord) textRows() []row { return r.tableRows() }

// problem returns an empty text: a version has no problem.
func (r versionRecord) problem() string { return "" }
