export { issue, type Issued, type IssueOptions } from './certificates.ts'
