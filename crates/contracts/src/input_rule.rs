//! The rules that a field of a call can break.

use crate::coded;

coded! {
    /// Which rule a field breaks, of every call that needs no session of staff, and of everything that intake and
    /// [`input`](crate::input) read.
    pub enum InputRule {
        Required = "REQUIRED", "is required";
        RequiredOfHolder = "REQUIRED_OF_HOLDER", "is required of a receipt's holder";
        RequiredOfStaff = "REQUIRED_OF_STAFF", "is required of staff";
        NotUtf8 = "NOT_UTF8", "must be UTF-8 text";
        NotWellFormed = "NOT_WELL_FORMED", "must be a well-formed message";
        NotAnId { prefix: String } = "NOT_AN_ID",
            "must be \"{prefix}_\" followed by 26 characters of base32";
        NotACodename = "NOT_A_CODENAME", "must be two words and two digits, such as amber-kestrel-27";
        NotARequestId = "NOT_A_REQUEST_ID", "must be 1 to 64 printable ASCII characters without spaces";
        NotOfFlare = "NOT_OF_FLARE", "must belong to a message of Flare";
        NotNew = "NOT_NEW", "must be new";
        OneOf { words: String } = "ONE_OF", "must be one of {words}";
        NotListed = "NOT_LISTED", "must be one of the listed values";
        NotNamed { name: String } = "NOT_NAMED", "must be \"{name}\"";
        NotOneLine { limit: usize } = "NOT_ONE_LINE", "must be 1 to {limit} characters on one line";
        NoneGiven = "NONE_GIVEN", "must hold at least one";
        TooMany { limit: usize } = "TOO_MANY_GIVEN", "must hold at most {limit}";
        Twice = "TWICE", "must not come twice";
        NotTheNumber { number: i64 } = "NOT_THE_NUMBER", "must be {number}";
        TooSmall { least: i64 } = "TOO_SMALL", "must be {least} or more";
        OutOfRange { least: i64, most: i64 } = "OUT_OF_RANGE", "must be {least} to {most}";
        NoVersionSeen = "NO_VERSION_SEEN", "must be the version you last saw, 1 or more";
        NotAPageSize { usual: i32, most: i32 } = "NOT_A_PAGE_SIZE", "must be 0 (for {usual}) to {most}";
        NotAPageToken = "NOT_A_PAGE_TOKEN", "must be empty or a token from the answer before";
        NotTrue = "NOT_TRUE", "must be true";

        AmountNegative = "AMOUNT_NEGATIVE", "must not be negative";
        AmountZero = "AMOUNT_ZERO", "must be more than 0";
        AmountTooLarge = "AMOUNT_TOO_LARGE", "must not be so large";
        CurrencyUnknown = "CURRENCY_UNKNOWN", "must be in a currency of ISO 4217, such as EUR or XOF";
        NotADate = "NOT_A_DATE", "must be a date written YYYY-MM-DD";
        NoSuchDay = "NO_SUCH_DAY", "must be a day that exists";
        NotALanguageCode = "NOT_A_LANGUAGE_CODE", "must be a language code such as ar, fr or pt-BR";

        NotTheLength { bytes: usize } = "NOT_THE_LENGTH", "must be {bytes} bytes";
        NeitherEmptyNorTheLength { bytes: usize } = "NEITHER_EMPTY_NOR_THE_LENGTH", "must be empty or {bytes} bytes";
        TooManyBytes { limit: usize } = "TOO_MANY_BYTES", "must be at most {limit} bytes";
        NotASealing { limit: usize } = "NOT_A_SEALING", "must be a sealing of at most {limit} bytes of text";
        NotAnEncryptionKey = "NOT_AN_ENCRYPTION_KEY", "must be an X-Wing public key";
        NoWrapFor { reader: String } = "NO_WRAP_FOR", "must hold one for \"{reader}\"";
        NotTheFirstKeys = "NOT_THE_FIRST_KEYS",
            "must hold the first epoch of request and of thread, and no other";
        NotOfTheseKeys = "NOT_OF_THESE_KEYS", "must be the one that the receipt's keys give";
        NotSigned = "NOT_SIGNED", "must be the receipt's, over exactly this";
        NotReserved = "NOT_RESERVED", "must be one that ReserveCase gave you";

        NotAQuestion = "NOT_A_QUESTION", "must be the name of a question";
        AnswersTooLarge { limit: usize } = "ANSWERS_TOO_LARGE",
            "must take at most {limit} bytes together, sealed";
        NotYoursToWrite { kinds: String } = "NOT_YOURS_TO_WRITE", "must be one of {kinds}, from you";
        NotAskedHere = "NOT_ASKED_HERE", "must be a question of this thread";
        NeitherNeedNorGrant = "NEITHER_NEED_NOR_GRANT", "must be empty, or the id of a need or a grant";
        NotYourMessage = "NOT_YOUR_MESSAGE", "must be a message you posted in this case";
        NotYourReport = "NOT_YOUR_REPORT",
            "must be a message of kind report that you posted about this grant";
        OtherProposal = "OTHER_PROPOSAL",
            "must be the message that shows the grant's proposal as it is now";
        OtherAgreement = "OTHER_AGREEMENT",
            "must be the message that shows the grant's agreement as it is now";
        AcceptedAndRefused = "ACCEPTED_AND_REFUSED", "must not be set when the agreement is accepted";
        MoreThanSent { currency: String } = "MORE_THAN_SENT", "must be in {currency} and at most what was sent";

        HeaderNotFirst = "HEADER_NOT_FIRST", "must come first";
        NotAChunk = "NOT_A_CHUNK", "must be all that follows the header";
        NotAWholeChunk { bytes: usize } = "NOT_A_WHOLE_CHUNK",
            "must be {bytes} bytes; the last may be shorter, but not empty";
        NoChunk = "NO_CHUNK", "must come at least once";
        NotTheFilesEpoch = "NOT_THE_FILES_EPOCH", "must be the file's epoch";
    }
}
