package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quicksight-go/snapshotjob"
)

// dashboardFlags name a dashboard.
type dashboardFlags struct {
	AWSAccountID string `name:"aws-account-id" placeholder:"ID" help:"Account of the dashboard. Default: that of the credentials."`
	DashboardID  string `name:"dashboard-id" required:"" placeholder:"ID" help:"Dashboard."`
}

// requestFlags say which jobs to start.
type requestFlags struct {
	dashboardFlags
	SnapshotJobID string `name:"snapshot-job-id" placeholder:"ID" help:"Id of the job. Default: one made of the time and random characters."`

	PDF       []string `sep:"none" placeholder:"SHEET" help:"Make a PDF of a sheet, named by its id or name. Can be repeated."`
	CSV       []string `sep:"none" placeholder:"SHEET/VISUAL" help:"Make a CSV of a table. Can be repeated."`
	Excel     []string `sep:"none" placeholder:"SHEET/VISUAL,..." help:"Make an Excel workbook of up to 5 tables. Can be repeated."`
	AllSheets bool     `help:"Make a PDF of every sheet."`
	AllTables bool     `help:"Make a CSV of every table."`

	Tag            []string `sep:"none" placeholder:"KEY=VALUE" help:"Tag of row-level security. Can be repeated."`
	RegisteredUser bool     `help:"See what the registered user sees whom the credentials name (identity-enhanced credentials). Default: an anonymous user with the tags."`
	Param          []string `sep:"none" placeholder:"NAME=VALUE" help:"Value of a string parameter. Can be repeated, also for one parameter."`
	IntegerParam   []string `sep:"none" placeholder:"NAME=VALUE" help:"Value of an integer parameter."`
	DecimalParam   []string `sep:"none" placeholder:"NAME=VALUE" help:"Value of a decimal parameter."`
	DateParam      []string `sep:"none" placeholder:"NAME=VALUE" help:"Value of a date parameter: 2006-01-02, or 2006-01-02T15:04:05Z."`

	To string `placeholder:"s3://BUCKET/PREFIX" help:"Have the files put into your bucket, which is in the region of the dashboard. Default: a bucket of QuickSight."`
}

// inputs returns the starts that make all the files that the flags ask for. They are
// several if one job cannot make them all. None of them would be refused by the client.
func (f *requestFlags) inputs(
	ctx context.Context,
	s *session,
	c *connection,
) ([]*snapshotjob.StartDashboardSnapshotJobInput, error) {
	account, err := c.accountID(ctx, f.AWSAccountID)
	if err != nil {
		return nil, err
	}
	complete := *f
	complete.AWSAccountID = account
	dashboard, err := complete.catalog(ctx, s, c)
	if err != nil {
		return nil, err
	}
	inputs, err := complete.plan(dashboard, c.config.Region)
	if err != nil {
		return nil, err
	}
	for _, input := range inputs {
		if err := checkInput(c.client, input); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// setDefaults sets the id of the job if the flags have none.
func (f *requestFlags) setDefaults() {
	if f.SnapshotJobID == "" {
		f.SnapshotJobID = newJobID()
	}
}

// newJobID returns an id that no other job has. Its random end matters: a job of the same
// id would be taken for this one, even if its tags have other values.
func newJobID() string {
	const enough = 10 // characters of 5 bits
	random := strings.ToLower(rand.Text()[:enough])
	return time.Now().UTC().Format("export-20060102-150405-") + random
}

// plan returns the starts that make all the files that the flags ask for. The region is
// that of the dashboard.
func (f *requestFlags) plan(
	dashboard *catalog,
	region string,
) ([]*snapshotjob.StartDashboardSnapshotJobInput, error) {
	template, err := f.template(region)
	if err != nil {
		return nil, err
	}
	groups, err := f.fileGroups(dashboard)
	if err != nil {
		return nil, err
	}
	return splitIntoJobs(template, groups), nil
}

// check returns what is wrong with the flags, as far as they alone tell.
func (f *requestFlags) check() error {
	if !f.askForFiles() {
		return usagef("there is nothing to make: give --pdf, --csv, --excel, --all-sheets or --all-tables")
	}
	if f.RegisteredUser && len(f.Tag) > 0 {
		return usagef("--tag is for anonymous users: it cannot be combined with --registered-user")
	}
	_, err := f.template("")
	return err
}

// askForFiles reports whether the flags ask for any file.
func (f *requestFlags) askForFiles() bool {
	named := len(f.PDF) + len(f.CSV) + len(f.Excel)
	return named > 0 || f.AllSheets || f.AllTables
}

// template returns a start without files.
func (f *requestFlags) template(region string) (snapshotjob.StartDashboardSnapshotJobInput, error) {
	template := snapshotjob.StartDashboardSnapshotJobInput{
		Job: snapshotjob.Job{
			AWSAccountID:  f.AWSAccountID,
			DashboardID:   f.DashboardID,
			SnapshotJobID: f.SnapshotJobID,
		},
	}
	if !f.RegisteredUser {
		tags, err := parseTags(f.Tag)
		if err != nil {
			return template, err
		}
		template.UserConfiguration = snapshotjob.AnonymousUser(tags...)
	}
	parameters, err := f.parameters()
	if err != nil {
		return template, err
	}
	template.SnapshotConfiguration.Parameters = parameters
	if f.To != "" {
		destination, err := parseDestination(f.To, region)
		if err != nil {
			return template, err
		}
		template.SnapshotConfiguration.DestinationConfiguration = destination
	}
	return template, nil
}

// fileGroups returns the files that the flags ask for. Each group has one file.
func (f *requestFlags) fileGroups(dashboard *catalog) ([]snapshotjob.SnapshotFileGroup, error) {
	pdfs, err := f.pdfGroups(dashboard)
	if err != nil {
		return nil, err
	}
	csvs, err := f.csvGroups(dashboard)
	if err != nil {
		return nil, err
	}
	workbooks, err := f.excelGroups(dashboard)
	if err != nil {
		return nil, err
	}
	groups := slices.Concat(pdfs, csvs, workbooks)
	if len(groups) == 0 && (f.AllSheets || f.AllTables) {
		return nil, usagef("dashboard %q has nothing of what --all-sheets and --all-tables ask for", f.DashboardID)
	}
	return groups, nil
}

// catalog returns the sheets and visuals of the dashboard. Who may start a job need not be
// allowed to read the definition: then the flags must have ids.
func (f *requestFlags) catalog(ctx context.Context, s *session, c *connection) (*catalog, error) {
	definition, err := c.client.DescribeDashboardDefinition(ctx, &snapshotjob.DescribeDashboardDefinitionInput{
		AWSAccountID: f.AWSAccountID,
		DashboardID:  f.DashboardID,
	})
	_, isDenied := errors.AsType[*snapshotjob.AccessDeniedException](err)
	if isDenied && !f.AllSheets && !f.AllTables {
		fmt.Fprintln(s.stderr, "The definition of the dashboard cannot be read, so sheets and visuals must be ids.")
		return &catalog{dashboardID: f.DashboardID}, nil
	}
	if err != nil {
		return nil, err
	}
	return &catalog{dashboardID: f.DashboardID, sheets: definition.Sheets}, nil
}

// pdfGroups returns the PDF files. A sheet that is named twice has one.
func (f *requestFlags) pdfGroups(dashboard *catalog) ([]snapshotjob.SnapshotFileGroup, error) {
	var sheets []snapshotjob.DashboardSheet
	for _, text := range f.PDF {
		sheet, err := dashboard.sheet(text)
		if err != nil {
			return nil, err
		}
		isSame := func(s snapshotjob.DashboardSheet) bool { return s.SheetID == sheet.SheetID }
		if !slices.ContainsFunc(sheets, isSame) {
			sheets = append(sheets, sheet)
		}
	}
	if f.AllSheets {
		sheets = dashboard.sheets
	}
	var groups []snapshotjob.SnapshotFileGroup
	for _, sheet := range sheets {
		groups = append(groups, snapshotjob.PDF(sheet.SheetID))
	}
	return groups, nil
}

// csvGroups returns the CSV files. A table that is named twice has one.
func (f *requestFlags) csvGroups(dashboard *catalog) ([]snapshotjob.SnapshotFileGroup, error) {
	var tables []visualRef
	for _, text := range f.CSV {
		table, err := dashboard.visual(text)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(tables, table.isSame) {
			tables = append(tables, table)
		}
	}
	if f.AllTables {
		tables = dashboard.tables()
	}
	var groups []snapshotjob.SnapshotFileGroup
	for _, table := range tables {
		groups = append(groups, snapshotjob.CSV(table.sheet.SheetID, table.visual.VisualID))
	}
	return groups, nil
}

// excelGroups returns the Excel workbooks.
func (f *requestFlags) excelGroups(dashboard *catalog) ([]snapshotjob.SnapshotFileGroup, error) {
	var groups []snapshotjob.SnapshotFileGroup
	for _, list := range f.Excel {
		var tables []visualRef
		for text := range strings.SplitSeq(list, ",") {
			table, err := dashboard.visual(strings.TrimSpace(text))
			if err != nil {
				return nil, err
			}
			tables = append(tables, table)
		}
		groups = append(groups, workbook(tables))
	}
	return groups, nil
}

// workbook returns a group of one Excel workbook with these tables, in their order. Tables
// of one sheet that follow one another share a selection.
func workbook(tables []visualRef) snapshotjob.SnapshotFileGroup {
	var selections []snapshotjob.SnapshotFileSheetSelection
	for _, table := range tables {
		last := len(selections) - 1
		if last >= 0 && selections[last].SheetID == table.sheet.SheetID {
			selections[last].VisualIDs = append(selections[last].VisualIDs, table.visual.VisualID)
			continue
		}
		selections = append(selections, snapshotjob.SnapshotFileSheetSelection{
			SelectionScope: snapshotjob.SnapshotFileSheetSelectionScopeSelectedVisuals,
			SheetID:        table.sheet.SheetID,
			VisualIDs:      []string{table.visual.VisualID},
		})
	}
	return snapshotjob.SnapshotFileGroup{
		Files: []snapshotjob.SnapshotFile{{
			FormatType:      snapshotjob.SnapshotFileFormatTypeExcel,
			SheetSelections: selections,
		}},
	}
}

// parseTags parses tags of the form KEY=VALUE. No error shows a value.
func parseTags(texts []string) ([]snapshotjob.SessionTag, error) {
	var tags []snapshotjob.SessionTag
	for i, text := range texts {
		key, value, isPair := strings.Cut(text, "=")
		if !isPair || key == "" || value == "" {
			return nil, usagef("--tag number %d has not the form KEY=VALUE", i+1)
		}
		tags = append(tags, snapshotjob.SessionTag{Key: key, Value: value})
	}
	return tags, nil
}

// parseDestination parses the place in a bucket that files go to.
func parseDestination(text, region string) (*snapshotjob.SnapshotDestinationConfiguration, error) {
	place, isS3 := strings.CutPrefix(text, "s3://")
	bucket, prefix, hasPrefix := strings.Cut(strings.TrimSuffix(place, "/"), "/")
	if !isS3 || bucket == "" || !hasPrefix {
		return nil, usagef("%q is no place in a bucket: want s3://BUCKET/PREFIX", text)
	}
	return &snapshotjob.SnapshotDestinationConfiguration{
		S3Destinations: []snapshotjob.SnapshotS3DestinationConfiguration{{
			BucketConfiguration: snapshotjob.S3BucketConfiguration{
				BucketName:   bucket,
				BucketPrefix: prefix,
				BucketRegion: region,
			},
		}},
	}, nil
}

// The documented limits of a job (API reference, StartDashboardSnapshotJob).
const (
	mostPDFs   = 1
	mostExcels = 1
	mostCSVs   = 5
)

// splitIntoJobs returns as many starts as the groups need. Several have the job's id with
// "-part1", "-part2" and so on.
func splitIntoJobs(
	template snapshotjob.StartDashboardSnapshotJobInput,
	groups []snapshotjob.SnapshotFileGroup,
) []*snapshotjob.StartDashboardSnapshotJobInput {
	var inputs []*snapshotjob.StartDashboardSnapshotJobInput
	for _, group := range groups {
		input := firstWithRoom(inputs, group)
		if input == nil {
			added := template
			input = &added
			inputs = append(inputs, input)
		}
		configuration := &input.SnapshotConfiguration
		configuration.FileGroups = append(configuration.FileGroups, group)
	}
	if len(inputs) > 1 {
		for i, input := range inputs {
			input.Job.SnapshotJobID += "-part" + strconv.Itoa(i+1)
		}
	}
	return inputs
}

// firstWithRoom returns the first start that can take another group, or nil.
func firstWithRoom(
	inputs []*snapshotjob.StartDashboardSnapshotJobInput,
	group snapshotjob.SnapshotFileGroup,
) *snapshotjob.StartDashboardSnapshotJobInput {
	limits := map[snapshotjob.SnapshotFileFormatType]int{
		snapshotjob.SnapshotFileFormatTypePDF:   mostPDFs,
		snapshotjob.SnapshotFileFormatTypeExcel: mostExcels,
		snapshotjob.SnapshotFileFormatTypeCSV:   mostCSVs,
	}
	format := group.Files[0].FormatType
	for _, input := range inputs {
		count := 0
		for _, other := range input.SnapshotConfiguration.FileGroups {
			if other.Files[0].FormatType == format {
				count++
			}
		}
		if count < limits[format] {
			return input
		}
	}
	return nil
}
