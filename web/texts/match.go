package texts

import "golang.org/x/text/language"

var matcher = func() language.Matcher {
	var offered []language.Tag
	for _, l := range Languages {
		offered = append(offered, language.MustParse(l.Tag()))
	}
	return language.NewMatcher(offered)
}()

// Match is the language that suits an Accept-Language header best; English when none does, or it cannot be read.
func Match(acceptLanguage string) Language {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil {
		return English
	}
	_, i, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return English
	}
	return Languages[i]
}
