package broker

import "errors"

// What a producer takes, as it is accounted, in bytes: for itself, for an answer, and for each result in it.
const (
	producerOverhead = 1 << 10
	answerOverhead   = 64
	resultOverhead   = 160
)

// answerBytes is what an answer takes.
func answerBytes(results []PublishResult) int64 {
	bytes := int64(answerOverhead + len(results)*resultOverhead)
	for i := range results {
		var e *Error
		if errors.As(results[i].Err, &e) {
			bytes += int64(resultOverhead + len(e.Detail))
		}
	}
	return bytes
}

// finishLocked keeps a request's answer, and lets go of the oldest ones beyond what is kept.
func (p *producer) finishLocked(number uint64, results []PublishResult) {
	delete(p.open, number)
	if results != nil {
		p.answers[number] = results
		p.accountLocked(answerBytes(results))
	}
	if p.accepted >= AnswersKept {
		p.dropBelowLocked(p.accepted - AnswersKept + 1)
	}
	for p.bytes > AnswerBytesKept && p.oldest < number {
		p.dropBelowLocked(p.oldest + 1)
	}
}

// dropBelowLocked lets go of the answers below a number.
func (p *producer) dropBelowLocked(number uint64) {
	drop := func(n uint64) {
		if old, kept := p.answers[n]; kept {
			delete(p.answers, n)
			p.accountLocked(-answerBytes(old))
		}
	}
	if number > p.oldest+uint64(len(p.answers)) { // fewer answers than numbers, as after a restart
		for n := range p.answers {
			if n < number {
				drop(n)
			}
		}
		p.oldest = number
	}
	for ; p.oldest < number; p.oldest++ {
		drop(p.oldest)
	}
}

func (p *producer) accountLocked(bytes int64) {
	p.bytes += bytes
	p.cost.Add(bytes)
}
