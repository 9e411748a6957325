package p

type Finding struct {
	ID    string "reset:\"key\""
	Title string "json:\"t\u00eftle\" reset:\"index,merge=txt\""
	Note  string "reset:\"name=\\u006eote,mrge=text\""
}
