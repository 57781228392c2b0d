package conformance

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// object is a JSON object.
type object = map[string]any

// ResultBody returns the body of the service's response about the result of one
// job of an anonymous user. Of every seven file groups, one is a PDF, five are
// CSV files and one is an Excel file of five visuals: a job may ask for no more
// than seven. The URL of each file is presigned with temporary credentials and
// has the usual length of such URLs, 1.5 KB. Bodies that differ only in job
// describe the same dashboard, and so the same sheets and visuals.
func ResultBody(job, groups int) []byte {
	list := make([]object, groups)
	for i := range list {
		list[i] = fileGroup(job, i)
	}
	dashboard := "arn:aws:quicksight:" + Region + ":" + AccountID + ":dashboard/sales"
	body, err := json.Marshal(object{
		"Arn":             fmt.Sprintf("%s/snapshot-job/daily-%d", dashboard, job),
		"JobStatus":       "COMPLETED",
		"CreatedTime":     1.7639136e9,
		"LastUpdatedTime": 1763913642.217,
		"Result":          object{"AnonymousUsers": []object{{"FileGroups": list}}},
		"RequestId":       requestID(job),
	})
	if err != nil {
		panic(err)
	}
	// Unlike Go, the service writes "&" as it is.
	return []byte(strings.ReplaceAll(string(body), `\u0026`, "&"))
}

// fileGroup returns the file group of a job with the given index: what was asked
// for, and what was made.
func fileGroup(job, index int) object {
	format := "CSV"
	sheet := object{"SheetId": modelID("sheet", index), "SelectionScope": "SELECTED_VISUALS"}
	switch index % 7 {
	case 0:
		format = "PDF"
		sheet["SelectionScope"] = "ALL_VISUALS"
	case 6:
		format = "EXCEL"
		sheet["VisualIds"] = visualIDs(index, "first", "second", "third", "fourth", "fifth")
	default:
		sheet["VisualIds"] = visualIDs(index, "first")
	}
	return object{
		"Files":     []object{{"FormatType": format, "SheetSelections": []object{sheet}}},
		"S3Results": []object{{"S3Uri": presignedURL(job, index, strings.ToLower(format))}},
	}
}

func visualIDs(group int, visuals ...string) []string {
	ids := make([]string, len(visuals))
	for i, visual := range visuals {
		ids[i] = modelID(visual, group)
	}
	return ids
}

// modelID returns an id of the shape that the console gives to sheets and
// visuals: two UUIDs, of which the first names the dashboard's draft.
func modelID(kind string, i int) string { return uuid("draft", 0) + "_" + uuid(kind, i) }

// uuid returns an id of random digits, which is always the same for the same
// kind and number.
func uuid(kind string, i int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func requestID(job int) string { return uuid("request", job) }

// presignedURL returns a URL of about 1.5 KB.
func presignedURL(job, file int, extension string) string {
	const length = 1536
	path := fmt.Sprintf("%s/%08d/snapshot-%04d.%s", AccountID, job, file, extension)
	start := "https://example-bucket.s3.us-east-1.amazonaws.com/" + path +
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=" + AccessKeyID + "%2F20261123%2Fus-east-1%2Fs3%2Faws4_request" +
		"&X-Amz-Date=20261123T160042Z" +
		"&X-Amz-Expires=300" +
		"&X-Amz-SignedHeaders=host" +
		"&X-Amz-Security-Token="
	end := "&X-Amz-Signature=" + strings.Repeat("0", 64)
	const piece = "TOKEN%2F"
	pieces := (length - len(start) - len(end)) / len(piece)
	return start + strings.Repeat(piece, pieces) + end
}
