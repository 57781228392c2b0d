package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// csvColumn is a column of a CSV file. Its name is that of a flag of "export".
type csvColumn struct {
	flag string
	key  string // of the tag or the parameter, whose columns are named "tag:KEY", for example
}

// csvFlags are the flags that columns have as their names.
var csvFlags = []string{
	"aws-account-id",
	"dashboard-id",
	"snapshot-job-id",
	"pdf",
	"csv",
	"excel",
	"registered-user",
	"to",
}

// csvKeyedFlags are the flags that columns have as their names, with a key.
var csvKeyedFlags = []string{
	"tag",
	"param",
	"integer-param",
	"decimal-param",
	"date-param",
}

// isRepeatable reports whether a header may have the column more than once: a parameter has
// a column for each of its values.
func (c csvColumn) isRepeatable() bool {
	return strings.HasSuffix(c.flag, "param")
}

// String returns the name of the column.
func (c csvColumn) String() string {
	if c.key == "" {
		return c.flag
	}
	return c.flag + ":" + c.key
}

// parseCSVRequests parses requests that are rows below a header. Sheets and visuals are
// ids there. Rows without any text are skipped: spreadsheets write them at the end.
func parseCSVRequests(name string, data []byte, region string) ([]fileRequest, error) {
	reader := csv.NewReader(bytes.NewReader(data))
	reader.FieldsPerRecord = -1 // parseCSVRow tells how many cells are missing
	columns, err := readCSVHeader(name, reader)
	if err != nil {
		return nil, err
	}
	var requests []fileRequest
	for {
		cells, err := reader.Read()
		if err == io.EOF {
			return requests, nil
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		if isBlank(cells) {
			continue
		}
		request, err := parseCSVRow(name, reader, columns, cells, region)
		if err != nil {
			return nil, err
		}
		requests = append(requests, request)
	}
}

// isBlank reports whether no cell has any text.
func isBlank(cells []string) bool {
	return strings.TrimSpace(strings.Join(cells, "")) == ""
}

// readCSVHeader reads the names of the columns.
func readCSVHeader(name string, reader *csv.Reader) ([]csvColumn, error) {
	header, err := reader.Read()
	if err == io.EOF {
		return nil, usagef("%s is empty", name)
	}
	if err != nil {
		return nil, csvError(name, err)
	}
	var columns []csvColumn
	for i, text := range header {
		column, isKnown := parseCSVColumn(strings.TrimSpace(text))
		if !isKnown {
			return nil, fieldPosition(name, reader, i).errorf("there is no column %q: %s", text, adviseOnColumn(text))
		}
		if slices.Contains(columns, column) && !column.isRepeatable() {
			return nil, fieldPosition(name, reader, i).errorf("the column %v is there twice", column)
		}
		columns = append(columns, column)
	}
	for _, required := range []string{"dashboard-id", "snapshot-job-id"} {
		if !slices.Contains(columns, csvColumn{flag: required}) {
			return nil, fieldPosition(name, reader, 0).errorf("there is no column %s", required)
		}
	}
	return columns, nil
}

// adviseOnColumn returns what to do about a column whose name is not known.
func adviseOnColumn(text string) string {
	// Spreadsheets write semicolons where the comma is part of numbers.
	if strings.ContainsAny(text, ";\t") {
		return "want commas between the columns"
	}
	return "the columns are " + strings.Join(csvFlags, ", ") + ", " +
		strings.Join(csvKeyedFlags, ":NAME, ") + ":NAME"
}

// parseCSVColumn parses the name of a column, and reports whether there is such a column.
func parseCSVColumn(text string) (csvColumn, bool) {
	flag, key, hasKey := strings.Cut(text, ":")
	if hasKey {
		return csvColumn{flag: flag, key: key}, key != "" && slices.Contains(csvKeyedFlags, flag)
	}
	return csvColumn{flag: flag}, slices.Contains(csvFlags, flag)
}

// parseCSVRow parses the cells of a row. The request is made anew after each cell, so that
// an error is that of the cell.
func parseCSVRow(
	name string,
	reader *csv.Reader,
	columns []csvColumn,
	cells []string,
	region string,
) (fileRequest, error) {
	begin := fieldPosition(name, reader, 0)
	if len(cells) != len(columns) {
		return fileRequest{}, begin.errorf("the row has %s, and the header has %d",
			plural(len(cells), "cell"), len(columns))
	}
	var flags requestFlags
	for i, cell := range cells {
		if err := flags.setFromCell(columns[i], strings.TrimSpace(cell)); err != nil {
			return fileRequest{}, fieldPosition(name, reader, i).errorf("%w", err)
		}
		if _, err := flags.plan(&catalog{}, region); err != nil {
			return fileRequest{}, fieldPosition(name, reader, i).errorf("%w", err)
		}
	}
	if !flags.askForFiles() {
		return fileRequest{}, begin.errorf("the row asks for no file: fill in pdf, csv or excel")
	}
	if err := flags.check(); err != nil {
		return fileRequest{}, begin.errorf("%w", err)
	}
	inputs, err := flags.plan(&catalog{}, region)
	if err != nil {
		return fileRequest{}, begin.errorf("%w", err)
	}
	if len(inputs) > 1 {
		return fileRequest{}, begin.errorf("the files need %d jobs: make a row for each", len(inputs))
	}
	return fileRequest{position: begin, input: inputs[0]}, nil
}

// setFromCell sets the flag that a column stands for. An empty cell sets nothing.
func (f *requestFlags) setFromCell(column csvColumn, cell string) error {
	if cell == "" {
		return nil
	}
	switch column.flag {
	case "aws-account-id":
		f.AWSAccountID = cell
	case "dashboard-id":
		f.DashboardID = cell
	case "snapshot-job-id":
		f.SnapshotJobID = cell
	case "to":
		f.To = cell
	case "registered-user":
		isRegistered, err := strconv.ParseBool(cell)
		if err != nil {
			return usagef("the value of registered-user is wrong: want true or false")
		}
		f.RegisteredUser = isRegistered
	default:
		f.addFromCell(column, cell)
	}
	return nil
}

// addFromCell adds to the flag that a column stands for, which can be repeated. Several
// files of a format have semicolons between them.
func (f *requestFlags) addFromCell(column csvColumn, cell string) {
	list := strings.Split(cell, ";")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	pair := column.key + "=" + cell
	switch column.flag {
	case "pdf":
		f.PDF = append(f.PDF, list...)
	case "csv":
		f.CSV = append(f.CSV, list...)
	case "excel":
		f.Excel = append(f.Excel, list...)
	case "tag":
		f.Tag = append(f.Tag, pair)
	case "param":
		f.Param = append(f.Param, pair)
	case "integer-param":
		f.IntegerParam = append(f.IntegerParam, pair)
	case "decimal-param":
		f.DecimalParam = append(f.DecimalParam, pair)
	case "date-param":
		f.DateParam = append(f.DateParam, pair)
	}
}

// fieldPosition returns the position of a field of the row that was read last.
func fieldPosition(name string, reader *csv.Reader, field int) position {
	line, column := reader.FieldPos(field)
	return position{
		file:   name,
		line:   line,
		column: column,
	}
}

// csvError returns an error that says where the CSV is wrong.
func csvError(name string, err error) error {
	broken, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return usagef("%s: %w", name, err)
	}
	at := position{
		file:   name,
		line:   broken.Line,
		column: broken.Column,
	}
	return at.errorf("this is no CSV: %w", broken.Err)
}
