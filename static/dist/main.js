// The bundle of web/ts stands here once it is built (make generate).
export {};
