// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file that somebody named, read whole, or refused with the reason that the system gives.
package enum WholeFile {
    /// Why a file is not read, as words that follow its name.
    package struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter limit: a path to something else, such as a device, must not fill the memory.
    /// - Throws: a ``Fault``.
    package static func bytes(_ path: String, atMost limit: Int = 16 << 20) throws(Fault) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw fault(errno) }
        defer { close(file) }
        var content: [UInt8] = []
        while true {
            var code: Int32 = 0
            let part = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                let got = read(file, buffer.baseAddress, buffer.count)
                code = errno
                count = max(got, 0)
                if got >= 0 { code = 0 }
            }
            if code == EINTR { continue }
            guard code == 0 else { throw fault(code) }
            guard !part.isEmpty else { return content }
            guard content.count + part.count <= limit else { throw Fault(description: "is larger than \(limit >> 20) MiB") }
            content += part
        }
    }

    /// - Throws: a ``Fault``, also where the content is no UTF-8.
    package static func text(_ path: String, atMost limit: Int = 16 << 20) throws(Fault) -> String {
        guard let text = String(validating: try bytes(path, atMost: limit), as: UTF8.self) else {
            throw Fault(description: "cannot be read as UTF-8 text")
        }
        return text
    }

    private static func fault(_ code: Int32) -> Fault {
        switch code {
        case ENOENT: Fault(description: "no such file")
        case EISDIR: Fault(description: "is a directory, and no file")
        default: Fault(description: "cannot be read: \(strerror(code).map { String(cString: $0) } ?? "error \(code)")")
        }
    }
}
