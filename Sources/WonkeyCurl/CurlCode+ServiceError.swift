internal import CCurl
import WonkeyCore

extension CURLcode {
    /// Our code for a failed transfer.
    ///
    /// Only what happens before a connection stands is `.unreachable`; everything unlisted counts as broken, because bytes
    /// may have been sent. An unsupported protocol is an answer in HTTP/0.9: the URL's scheme was checked beforehand.
    var serviceErrorCode: ServiceError.Code {
        switch self {
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT, CURLE_FAILED_INIT:
            .unreachable
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_USE_SSL_FAILED:
            .tls
        case CURLE_OPERATION_TIMEDOUT:
            .timedOut
        case CURLE_URL_MALFORMAT, CURLE_BAD_FUNCTION_ARGUMENT, CURLE_UNKNOWN_OPTION,
            CURLE_LOGIN_DENIED:
            .invalidRequest
        default:
            .broken
        }
    }

    /// libcurl's fixed text for the code, which never holds a URL or a field.
    var explanation: String {
        guard let text = unsafe curl_easy_strerror(self) else { return "code \(self.rawValue)" }
        return unsafe "\(String(cString: text)) (curl \(self.rawValue))"
    }
}
