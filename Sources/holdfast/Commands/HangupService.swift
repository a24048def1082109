// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastServer
import Logging
import ServiceLifecycle
import UnixSignals

/// What SIGHUP means: look at the certificates again. When it says that the terminal has gone, it means the end, as of any program.
struct HangupService: Service {
    let certificates: Certificates
    let logger: Logger

    func run() async throws {
        let hadTerminal = isatty(0) == 1
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            if hadTerminal, isatty(0) == 0 {
                kill(getpid(), SIGTERM)
            } else if certificates.all.isEmpty {
                logger.notice("SIGHUP: there are no certificates to look at again; other settings need a restart")
            } else {
                certificates.reload()
            }
        }
    }
}
