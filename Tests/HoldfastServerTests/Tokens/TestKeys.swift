// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// Keys that openssl made for these tests only; they are used nowhere else and protect nothing.
enum TestKeys {
    /// EC P-256 with its curve's parameters in front, as `openssl ecparam -genkey` writes it.
    static let ecSEC1 = """
        -----BEGIN EC PARAMETERS-----
        BggqhkjOPQMBBw==
        -----END EC PARAMETERS-----
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIOEOTyF6XcYKW6aXri9pLWeaGKHq9NRW60I8lU5svKyFoAoGCCqGSM49
        AwEHoUQDQgAEYhFYr94LFNLtI4bffKZE9+Nk3pDsR4oM4OIeg2JUE9ghdWdxPz65
        j0Rf4wtgR5KGLDb36kzhX94nOXsUnDlB4w==
        -----END EC PRIVATE KEY-----
        """
    /// The same key in the form of `openssl genpkey`.
    static let ecPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg4Q5PIXpdxgpbppeu
        L2ktZ5oYoer01FbrQjyVTmy8rIWhRANCAARiEViv3gsU0u0jht98pkT342TekOxH
        igzg4h6DYlQT2CF1Z3E/PrmPRF/jC2BHkoYsNvfqTOFf3ic5exScOUHj
        -----END PRIVATE KEY-----
        """
    /// Its public key.
    static let ecPublic = """
        -----BEGIN PUBLIC KEY-----
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYhFYr94LFNLtI4bffKZE9+Nk3pDs
        R4oM4OIeg2JUE9ghdWdxPz65j0Rf4wtgR5KGLDb36kzhX94nOXsUnDlB4w==
        -----END PUBLIC KEY-----
        """
    /// The same key with a password.
    static let ecEncrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAi/zCLGskf2WwICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHQxe0hW91eO3WMRSZrvPVIEgZCy
        MgpHs+0U40ac+rlOwMyzRV8tKIQouBR0BnIqsyWbUHa2GRLlU8JWdbEnPx5CWjkW
        7TbSO9Mf1X7Zg476GNzwdCI26bD8emME9F1+BUqlUxezRPgOWZY05HS0NeOhT27l
        ZMaTNUib6RWfKOKGEVTPw4jRhe42fDY0JW04eR4RayhydWXR9v/suJg4EkSh68U=
        -----END ENCRYPTED PRIVATE KEY-----
        """
    /// The same with a password, in the older form.
    static let ecEncryptedOld = """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,F6E379661A14F609FF5632D33760EDBF

        HxTBk7vw2SJTFYbTo1X63q2T67OP8XoDd+zPVRWycelCrBENGWo/KgwT1h2NrWO+
        vi2w5+2av74xva9GaGefwKEBBZ2OBrCsHq3H5VWzBxg4/MRTjJNZ67adMTMzAtrH
        3wRJDoTLugwXHvJajIoUSEXSFIg4uWja17ivnWxNWpY=
        -----END EC PRIVATE KEY-----
        """
    /// EC on other curves.
    static let p384 = """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDC7IFuxG6Q+fj11V0+V
        /z2lD4Wnz5BHW0ULx3BDnYrpLXgJd7RTtFoJAt8wqtoxWMehZANiAAR6ANelNZ7F
        auFV7M7hN9cUliGTITmob1x9fBYYF1mCVkpx72G+z9I1QNT6tBbfEXTDIRUhEHkh
        NYi5ejqTbPEls0tzIqfSa7X1CNy/3wiLKTSMCyfQbqZHg2hWTVHWfOU=
        -----END PRIVATE KEY-----
        """
    static let p384Public = """
        -----BEGIN PUBLIC KEY-----
        MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEegDXpTWexWrhVezO4TfXFJYhkyE5qG9c
        fXwWGBdZglZKce9hvs/SNUDU+rQW3xF0wyEVIRB5ITWIuXo6k2zxJbNLcyKn0mu1
        9Qjcv98Iiyk0jAsn0G6mR4NoVk1R1nzl
        -----END PUBLIC KEY-----
        """
    static let p521 = """
        -----BEGIN PRIVATE KEY-----
        MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIB0HSQcxwT3hvHSN/U
        ww5JZYGfLsqJZIeEgAkAHPcv2bxC3OeipE+vxd7D6v4e/c1gjkv+shabtpfgSlg/
        +hc1oLWhgYkDgYYABAGgku7y85zTBKd6lIt1QW9F7x0Yvb1rBztjprIpqaNmMFkU
        jqdGi2ZxQ/FHwf52uMFMzD546m/t5IuQIxCKI3dvewDjZOxRmjU4NGh7+amZInMw
        Q5VwoeT6YZ33LI8HTr8yE9od9G0rwbD7HJUdKJfyepZ7vySbdzwLioU+UulAPu+A
        RQ==
        -----END PRIVATE KEY-----
        """
    /// A key that is neither EC nor RSA.
    static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIBHLwTkx0zVM1rYRUZufmfBw5erhU0APe+o87B3w3Rci
        -----END PRIVATE KEY-----
        """
    static let ed25519Public = """
        -----BEGIN PUBLIC KEY-----
        MCowBQYDK2VwAyEAexhDoIuyB1iYpf1cc9lHJbTmV55bQfQIGWbgE22NrjQ=
        -----END PUBLIC KEY-----
        """
    /// RSA of 2048 bits.
    static let rsaPKCS8 = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCubdKp3VTFE1N2
        zILhKE0ZKDVOGveiRsrwNxDbw5CJG56Tq/UMxUkmV3nPFYcbOp5PPlnoOcmYB2mZ
        cfpBYY4fzlGN3lLfckP8z7VjnabuCfkIrusytRp13a4FU2YvYEAzVameQ2ZKqBBU
        mRnR+t1WbnxGYxJ2VomqwCNpEcYBYv85jAzVBXEMpKkbpXyUe0iT7Ai7OTjktrkk
        qvYhkDo2ANvqmX7Z09I1tdzpd4Nz/2F9a3zj+ce99Zl8+6zxWG/bOqUku6muiW6h
        LtOxZWrinZClMI9pmLeceva3y0neAdxSjDx4rJD++EZ8ZwTQg44YXh3bbnAirE4+
        YmMwjwlpAgMBAAECggEAF6g0eK5Yl2wCF2wwWgpFvqI57JBywpMYZhEJ28x/12Ck
        FsItN6CwRZ96mVABpXtDSlsaBYmE4nYq59FSEDkDdiPc4sFi+wQ73VdscgjJQaKf
        oIJcyuFOJ+s7dWR0yPskafH10c2xW3HE2Tx0iIqeJ2FPwJoiQGOHQ13Qz6jF8pz5
        Y/iM/LwgstjLiSq/oPBkeiNxSNMH/dzgKNHeSRJNPnAqsoaQ+lp2bdjuTr5iosjA
        wkEM2ABrrrZDv06C3SYM1iNATQFItkqGm3LR2ZbfXpl16QCzlGUGg/JDsKNXgouf
        EHhsFcpwcLRVZSiaeSQgQWck3Z4uS8Wq6ubKmnCIiwKBgQDugnWQCufsiteuN7H6
        Lbau8IZb+VuZXdy6GI2VWvxJm0m7E2uQiclpczLR6aF+30ldjksUir2xlt0XAwkW
        Hd64NWa83bUpIX87ashw2U18JGkBbXi64/UhWAaJv3u2JATjCZU8y6JfxEwXpbgV
        /LgwXdVcvVHbVS2NUTcfRqPCRwKBgQC7OGDeL+j4vDln4CB5WjlzA8/LmIMtl49i
        zyulYcy9w2KiyUokQn3LF8DU5CNWnc0OHXkrl0AoF5LJXlzrIx0JDJLgOFlFTfj+
        hXYlbZR8HWJLqlRZJijpHXMnjB41GmzoHehHmdfTnvcQORyXBQb82tLED+z5qoRd
        SVdnMEp+zwKBgQDYfPX0vtFwtT271rXnXWL6OzvZc+ceuEHHcM3iiWmB7j/oXGJA
        GbEF1BiGzEdX/5h6INQpWx1/em5Hmuu+dXJZRa9xMtRi9xKjffNd6wAX9HyTXSg+
        ivdPQrT8hx/lXaBJ68LYIgXKY0SmGjeTTYZp8GHgAb+xFAl6wgMEknvFtQKBgGFD
        6Q+F1INlRm2xAy4IsdAPKuWbVotZMiUjfIlvRe9Qku3/pYUxBil9LbFs1O8rDF1I
        8qqy6aHqnVgArkV6+Jq67ZOPstFOsQ2KSNcpFvtkSK0G0MuAB8EUi78ADLGKCQqO
        fx6zzm0jKThEc5YCBp9XECjMHVGYRSwx7jat4AYBAoGAYAJr8c4bLrNQP0qgVOo1
        y4XCS+v12g6n3AqVJiFJGBxGSlqZ+f8TzAvvjF3X+X3nXDKo9qPSMJQWsoMV81NN
        o5HqWPK8aohLjUDSRNvkzlp4gOZ8AbLP8kUUqCf9k7NjzHEhLDrREmmHzBLWUogr
        UyVOt4prbsybZkHulh+IfDs=
        -----END PRIVATE KEY-----
        """
    /// The same key in the form of `openssl rsa -traditional`.
    static let rsaPKCS1 = """
        -----BEGIN RSA PRIVATE KEY-----
        MIIEowIBAAKCAQEArm3Sqd1UxRNTdsyC4ShNGSg1Thr3okbK8DcQ28OQiRuek6v1
        DMVJJld5zxWHGzqeTz5Z6DnJmAdpmXH6QWGOH85Rjd5S33JD/M+1Y52m7gn5CK7r
        MrUadd2uBVNmL2BAM1WpnkNmSqgQVJkZ0frdVm58RmMSdlaJqsAjaRHGAWL/OYwM
        1QVxDKSpG6V8lHtIk+wIuzk45La5JKr2IZA6NgDb6pl+2dPSNbXc6XeDc/9hfWt8
        4/nHvfWZfPus8Vhv2zqlJLuproluoS7TsWVq4p2QpTCPaZi3nHr2t8tJ3gHcUow8
        eKyQ/vhGfGcE0IOOGF4d225wIqxOPmJjMI8JaQIDAQABAoIBABeoNHiuWJdsAhds
        MFoKRb6iOeyQcsKTGGYRCdvMf9dgpBbCLTegsEWfeplQAaV7Q0pbGgWJhOJ2KufR
        UhA5A3Yj3OLBYvsEO91XbHIIyUGin6CCXMrhTifrO3VkdMj7JGnx9dHNsVtxxNk8
        dIiKnidhT8CaIkBjh0Nd0M+oxfKc+WP4jPy8ILLYy4kqv6DwZHojcUjTB/3c4CjR
        3kkSTT5wKrKGkPpadm3Y7k6+YqLIwMJBDNgAa662Q79Ogt0mDNYjQE0BSLZKhpty
        0dmW316ZdekAs5RlBoPyQ7CjV4KLnxB4bBXKcHC0VWUomnkkIEFnJN2eLkvFqurm
        yppwiIsCgYEA7oJ1kArn7IrXrjex+i22rvCGW/lbmV3cuhiNlVr8SZtJuxNrkInJ
        aXMy0emhft9JXY5LFIq9sZbdFwMJFh3euDVmvN21KSF/O2rIcNlNfCRpAW14uuP1
        IVgGib97tiQE4wmVPMuiX8RMF6W4Ffy4MF3VXL1R21UtjVE3H0ajwkcCgYEAuzhg
        3i/o+Lw5Z+AgeVo5cwPPy5iDLZePYs8rpWHMvcNioslKJEJ9yxfA1OQjVp3NDh15
        K5dAKBeSyV5c6yMdCQyS4DhZRU34/oV2JW2UfB1iS6pUWSYo6R1zJ4weNRps6B3o
        R5nX0573EDkclwUG/NrSxA/s+aqEXUlXZzBKfs8CgYEA2Hz19L7RcLU9u9a1511i
        +js72XPnHrhBx3DN4olpge4/6FxiQBmxBdQYhsxHV/+YeiDUKVsdf3puR5rrvnVy
        WUWvcTLUYvcSo33zXesAF/R8k10oPor3T0K0/Icf5V2gSevC2CIFymNEpho3k02G
        afBh4AG/sRQJesIDBJJ7xbUCgYBhQ+kPhdSDZUZtsQMuCLHQDyrlm1aLWTIlI3yJ
        b0XvUJLt/6WFMQYpfS2xbNTvKwxdSPKqsumh6p1YAK5Feviauu2Tj7LRTrENikjX
        KRb7ZEitBtDLgAfBFIu/AAyxigkKjn8es85tIyk4RHOWAgafVxAozB1RmEUsMe42
        reAGAQKBgGACa/HOGy6zUD9KoFTqNcuFwkvr9doOp9wKlSYhSRgcRkpamfn/E8wL
        74xd1/l951wyqPaj0jCUFrKDFfNTTaOR6ljyvGqIS41A0kTb5M5aeIDmfAGyz/JF
        FKgn/ZOzY8xxISw60RJph8wS1lKIK1MlTreKa27Mm2ZB7pYfiHw7
        -----END RSA PRIVATE KEY-----
        """
    /// Its public key.
    static let rsaPublic = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArm3Sqd1UxRNTdsyC4ShN
        GSg1Thr3okbK8DcQ28OQiRuek6v1DMVJJld5zxWHGzqeTz5Z6DnJmAdpmXH6QWGO
        H85Rjd5S33JD/M+1Y52m7gn5CK7rMrUadd2uBVNmL2BAM1WpnkNmSqgQVJkZ0frd
        Vm58RmMSdlaJqsAjaRHGAWL/OYwM1QVxDKSpG6V8lHtIk+wIuzk45La5JKr2IZA6
        NgDb6pl+2dPSNbXc6XeDc/9hfWt84/nHvfWZfPus8Vhv2zqlJLuproluoS7TsWVq
        4p2QpTCPaZi3nHr2t8tJ3gHcUow8eKyQ/vhGfGcE0IOOGF4d225wIqxOPmJjMI8J
        aQIDAQAB
        -----END PUBLIC KEY-----
        """
    /// The same in the form of `openssl rsa -RSAPublicKey_out`.
    static let rsaPublicPKCS1 = """
        -----BEGIN RSA PUBLIC KEY-----
        MIIBCgKCAQEArm3Sqd1UxRNTdsyC4ShNGSg1Thr3okbK8DcQ28OQiRuek6v1DMVJ
        Jld5zxWHGzqeTz5Z6DnJmAdpmXH6QWGOH85Rjd5S33JD/M+1Y52m7gn5CK7rMrUa
        dd2uBVNmL2BAM1WpnkNmSqgQVJkZ0frdVm58RmMSdlaJqsAjaRHGAWL/OYwM1QVx
        DKSpG6V8lHtIk+wIuzk45La5JKr2IZA6NgDb6pl+2dPSNbXc6XeDc/9hfWt84/nH
        vfWZfPus8Vhv2zqlJLuproluoS7TsWVq4p2QpTCPaZi3nHr2t8tJ3gHcUow8eKyQ
        /vhGfGcE0IOOGF4d225wIqxOPmJjMI8JaQIDAQAB
        -----END RSA PUBLIC KEY-----
        """
    /// Too short.
    static let rsa1024 = """
        -----BEGIN PRIVATE KEY-----
        MIICdwIBADANBgkqhkiG9w0BAQEFAASCAmEwggJdAgEAAoGBAOEnIDev6XH0536T
        Jn9YxVuFruD/a340U1eKFumTAFxv9orHKpSnDLEjlhtdB7+s+0/OqvwKFVxDfq2U
        X7am67Gn8Mao4NxlyAVooDb93ioiHSt1X2Y2Ss1ZzZxsTaUFh/gJD9ZeHnUClrR6
        M0mHWRMTBL1B/dMyDMPpI6ckxQBjAgMBAAECgYBJo91iuVN2JS7N9F0EC8nJDGlN
        R90lkwGrQQwLazwT/764VznzEswQ593Bp2TQaUhtKuA7vSSNX7oAFeZUPDYb8RBo
        v9KCmDeeJA2tL4YWF+ap84m4ziqESIPATf8/RepERVzTlHwIE4PPhUX2H2flJW/R
        GVNh4/VG09VqaMVRoQJBAPCoi2T212WarVEv4/cFn/uqs+Z/D+iXNkPHjWBrgles
        1XLB1ctoiRVSQwo1dkauDqaHOIn/+juqpVJMxWE5A5MCQQDvgYlh2jOwgJVHp7m2
        AwaY5o45Qp/l7JnhXb8+6Ngg4qUkMwYD8pkC6+iaxBBQLpBSNDqxm7VnX/LK6Ifm
        4LHxAkEA4PXMh+6uXs3+IZxQzsK1T/27+UThTBy9nxJUt8MHroljZciH34KyUfn5
        rPtYuq1OCKDyWx2rfkcADzSwdTdkfQJASfiXBrrOthewg1YBHH7ovbaPfI3gNrIR
        gLJki7h8cAOv/3Mmy3dU3LshtxMQ+sK23jy1V/+AUnIm2ZZhyuPg8QJBAIdX2Q3p
        +aHEwSSwXODugsbztkCV+MO7kjymPvNVDYaZ06xJhcX8Qrv9nq2Gi0YoM0XgqoYI
        j9wTuIuBR64fl8s=
        -----END PRIVATE KEY-----
        """
    /// A certificate, which is no key.
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBczCCARmgAwIBAgIUByWFdmTO/Y2W/DDKmn8rsOuBGK4wCgYIKoZIzj0EAwIw
        DzENMAsGA1UEAwwEdGVzdDAeFw0yNjExMjExMDM5NTJaFw0yNjExMjIxMDM5NTJa
        MA8xDTALBgNVBAMMBHRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARiEViv
        3gsU0u0jht98pkT342TekOxHigzg4h6DYlQT2CF1Z3E/PrmPRF/jC2BHkoYsNvfq
        TOFf3ic5exScOUHjo1MwUTAdBgNVHQ4EFgQUmhrbJHGI9837WunQmksQhWes3mMw
        HwYDVR0jBBgwFoAUmhrbJHGI9837WunQmksQhWes3mMwDwYDVR0TAQH/BAUwAwEB
        /zAKBggqhkjOPQQDAgNIADBFAiEAwFiwpTTAF0v+2xyK2/++ibK/8W/B6caNUHb3
        7XbiFcoCIAhgRzt4q3ZYyixCdcyRdYPbUSBLCu8MPh47FANYU8l6
        -----END CERTIFICATE-----
        """
}
