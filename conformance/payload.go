package conformance

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
)

// ResultBody is the service's answer about the result of one job of an
// anonymous user. Of every seven file groups, one is a PDF, five are CSV files
// and one is an Excel file of five visuals, which is the most that a job may
// ask for. The URL of a file is presigned with temporary credentials and has
// their usual length, 1.5 KB. Bodies that differ only in job tell of the same
// dashboard, hence of the same sheets and visuals.
func ResultBody(job, groups int) []byte {
	list := make([]object, groups)
	for i := range list {
		format, sheet := "CSV", object{"SheetId": modelID("sheet", i), "SelectionScope": "SELECTED_VISUALS"}
		switch i % 7 {
		case 0:
			format, sheet["SelectionScope"] = "PDF", "ALL_VISUALS"
		case 6:
			format, sheet["VisualIds"] = "EXCEL", []string{
				modelID("first", i), modelID("second", i), modelID("third", i), modelID("fourth", i), modelID("fifth", i),
			}
		default:
			sheet["VisualIds"] = []string{modelID("first", i)}
		}
		list[i] = object{
			"Files":     []object{{"FormatType": format, "SheetSelections": []object{sheet}}},
			"S3Results": []object{{"S3Uri": presignedURL(job, i, strings.ToLower(format))}},
		}
	}
	body, err := json.Marshal(object{
		"Arn":             fmt.Sprintf("arn:aws:quicksight:%s:%s:dashboard/sales/snapshot-job/daily-%d", Region, AccountID, job),
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

type object = map[string]any

// modelID has the shape of the ids that the console gives to sheets and
// visuals: two UUIDs, of which the first names the dashboard's draft.
func modelID(kind string, i int) string { return uuid("draft", 0) + "_" + uuid(kind, i) }

// uuid is random in all its digits, and always the same for the same thing.
func uuid(kind string, i int) string {
	b := sha256.Sum256(fmt.Appendf(nil, "%s %d", kind, i))
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func requestID(job int) string { return uuid("request", job) }

func presignedURL(job, file int, extension string) string {
	const size = 1536
	start := fmt.Sprintf("https://example-bucket.s3.us-east-1.amazonaws.com/%s/%08d/snapshot-%04d.%s"+
		"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%s%%2F20261123%%2Fus-east-1%%2Fs3%%2Faws4_request"+
		"&X-Amz-Date=20261123T160042Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Security-Token=", AccountID, job, file, extension, AccessKeyID)
	end := "&X-Amz-Signature=" + strings.Repeat("0", 64)
	return start + strings.Repeat("TOKEN%2F", (size-len(start)-len(end))/8) + end
}
