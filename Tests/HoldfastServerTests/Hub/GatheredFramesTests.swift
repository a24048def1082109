// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import NIOCore
import Testing

@testable import HoldfastServer

@Suite struct GatheredFramesTests {
    @Test func framesComeOutInOnePieceAndInOrder() {
        var frames = GatheredFrames()
        var (one, other) = (GatheredFrames.List(), GatheredFrames.List())
        #expect(one.isEmpty)
        for text in ["a", "b", "c"] {
            frames.append(ByteBuffer(string: text), to: &one)
            frames.append(ByteBuffer(string: text + text), to: &other)
        }
        #expect(!one.isEmpty)
        #expect(frames.take(&one) == ByteBuffer(string: "abc"))
        #expect(one.isEmpty)
        #expect(frames.take(&one) == ByteBuffer())
        #expect(frames.take(&other) == ByteBuffer(string: "aabbcc"))
    }

    @Test func oneFrameIsNotCopied() {
        var frames = GatheredFrames()
        var list = GatheredFrames.List()
        let frame = ByteBuffer(string: "a frame for many")
        frames.append(frame, to: &list)
        #expect(frames.take(&list).place == frame.place)
    }

    @Test func whatCouldNotBeSentIsNotWrittenOver() {
        var frames = GatheredFrames()
        var list = GatheredFrames.List()
        func take(_ texts: String...) -> ByteBuffer {
            for text in texts { frames.append(ByteBuffer(string: text), to: &list) }
            return frames.take(&list)
        }
        let kept = take("kept ", "for later")
        #expect(take("sent ", "at once") == ByteBuffer(string: "sent at once"))
        #expect(kept == ByteBuffer(string: "kept for later"))
    }

    @Test(arguments: 0..<10)
    func atRandomItHoldsWhatListsHold(_ seed: UInt64) {
        var generator = QuickRandom(seed: seed)
        var frames = GatheredFrames()
        var lists = [GatheredFrames.List](repeating: .init(), count: 5)
        var model = [String](repeating: "", count: 5)
        for step in 0..<20_000 {
            // Now and then all is sent at once, also when it was much.
            let place = Int.random(in: 0..<5, using: &generator)
            if step % 6000 == 5999 {
                for place in lists.indices {
                    #expect(String(buffer: frames.take(&lists[place])) == model[place])
                    model[place] = ""
                }
            } else if Int.random(in: 0..<50, using: &generator) == 0, step % 12_000 < 6000 {
                #expect(String(buffer: frames.take(&lists[place])) == model[place])
                model[place] = ""
            } else {
                frames.append(ByteBuffer(string: "\(step) "), to: &lists[place])
                model[place] += "\(step) "
            }
            #expect(lists[place].isEmpty == model[place].isEmpty)
        }
    }
}
