"""Where countries are: one point each, for telling whether somebody could have travelled.

ISO 3166-1 alpha-2 -> latitude and longitude in degrees (WGS 84), written down by hand from general knowledge of
geography. A point lies inside its country or among its islands, near the middle or where most people live, and is
good to about one degree (110 km) for most and to a few degrees for the largest. Distances between neighbours are
therefore rough: what they decide must not depend on less than some hundred kilometres.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_TABLE: Final = """
AD 42.5 1.5      AE 24.0 54.0     AF 33.9 66.0     AG 17.1 -61.8    AI 18.2 -63.1    AL 41.0 20.0     AM 40.2 45.0
AO -12.3 17.5    AQ -80.0 0.0     AR -35.0 -64.0   AS -14.3 -170.7  AT 47.6 14.1     AU -26.0 134.0   AW 12.5 -70.0
AX 60.2 20.0     AZ 40.4 47.7     BA 44.2 17.8     BB 13.2 -59.5    BD 23.9 90.3     BE 50.6 4.6      BF 12.3 -1.7
BG 42.7 25.3     BH 26.0 50.5     BI -3.4 29.9     BJ 9.6 2.3       BL 17.9 -62.8    BM 32.3 -64.8    BN 4.5 114.6
BO -16.7 -64.7   BQ 12.2 -68.3    BR -10.8 -53.0   BS 24.7 -77.8    BT 27.4 90.4     BV -54.4 3.4     BW -22.2 23.8
BY 53.5 28.0     BZ 17.2 -88.7    CA 60.0 -98.0    CC -12.2 96.8    CD -2.9 23.6     CF 6.6 20.5      CG -0.8 15.2
CH 46.8 8.2      CI 7.6 -5.6      CK -21.2 -159.8  CL -35.0 -71.0   CM 5.7 12.7      CN 36.0 103.8    CO 3.9 -73.1
CR 10.0 -84.2    CU 21.6 -79.0    CV 15.9 -24.0    CW 12.2 -69.0    CX -10.5 105.6   CY 35.0 33.2     CZ 49.7 15.3
DE 51.1 10.4     DJ 11.7 42.6     DK 56.0 10.0     DM 15.4 -61.4    DO 18.9 -70.5    DZ 28.2 2.6      EC -1.4 -78.8
EE 58.7 25.5     EG 26.5 29.9     EH 24.2 -13.0    ER 15.4 38.8     ES 40.2 -3.6     ET 8.6 39.6      FI 64.5 26.3
FJ -17.8 178.0   FK -51.7 -59.4   FM 7.4 150.5     FO 62.1 -6.9     FR 46.6 2.5      GA -0.6 11.8     GB 54.0 -2.5
GD 12.1 -61.7    GE 42.2 43.5     GF 3.9 -53.2     GG 49.5 -2.6     GH 7.9 -1.2      GI 36.1 -5.4     GL 72.0 -41.0
GM 13.4 -15.4    GN 10.4 -10.9    GP 16.2 -61.5    GQ 1.7 10.3      GR 39.0 22.9     GS -54.4 -36.8   GT 15.7 -90.4
GU 13.4 144.8    GW 12.0 -15.0    GY 4.8 -58.9     HK 22.4 114.1    HM -53.1 73.5    HN 14.8 -86.6    HR 45.1 16.0
HT 18.9 -72.7    HU 47.2 19.4     ID -2.5 117.0    IE 53.2 -8.1     IL 31.4 35.0     IM 54.2 -4.5     IN 22.5 79.0
IO -7.3 72.4     IQ 33.0 43.7     IR 32.5 54.3     IS 65.0 -18.6    IT 42.8 12.1     JE 49.2 -2.1     JM 18.2 -77.3
JO 31.2 36.8     JP 36.5 138.5    KE 0.6 37.8      KG 41.5 74.6     KH 12.7 104.9    KI 1.4 173.0     KM -11.9 43.7
KN 17.3 -62.7    KP 40.2 127.2    KR 36.4 127.8    KW 29.3 47.6     KY 19.4 -81.0    KZ 48.2 67.3     LA 18.5 103.8
LB 33.9 35.9     LC 13.9 -61.0    LI 47.1 9.5      LK 7.6 80.7      LR 6.5 -9.3      LS -29.6 28.2    LT 55.3 23.9
LU 49.8 6.1      LV 56.9 24.9     LY 27.0 18.0     MA 31.9 -6.3     MC 43.7 7.4      MD 47.2 28.5     ME 42.8 19.2
MF 18.1 -63.1    MG -19.4 46.7    MH 7.1 171.2     MK 41.6 21.7     ML 17.3 -3.5     MM 21.2 96.5     MN 46.8 103.1
MO 22.2 113.5    MP 15.2 145.7    MQ 14.7 -61.0    MR 20.3 -10.3    MS 16.7 -62.2    MT 35.9 14.4     MU -20.3 57.6
MV 3.7 73.2      MW -13.2 34.3    MX 23.9 -102.5   MY 3.8 109.7     MZ -17.3 35.5    NA -22.1 17.2    NC -21.3 165.5
NE 17.4 9.4      NF -29.0 168.0   NG 9.6 8.1       NI 12.8 -85.0    NL 52.2 5.5      NO 62.0 10.0     NP 28.2 84.0
NR -0.5 166.9    NU -19.1 -169.9  NZ -41.0 173.0   OM 20.6 56.1     PA 8.5 -80.1     PE -9.2 -74.4    PF -17.7 -149.4
PG -6.5 145.2    PH 12.0 122.9    PK 29.9 69.4     PL 52.1 19.4     PM 46.9 -56.3    PN -25.1 -130.1  PR 18.2 -66.4
PS 31.9 35.2     PT 39.6 -8.5     PW 7.5 134.6     PY -23.2 -58.4   QA 25.3 51.2     RE -21.1 55.5    RO 45.9 24.9
RS 44.2 20.8     RU 57.0 60.0     RW -2.0 29.9     SA 24.1 44.5     SB -9.6 160.2    SC -4.7 55.5     SD 16.0 30.0
SE 62.0 16.0     SG 1.4 103.8     SH -16.0 -5.7    SI 46.1 14.8     SJ 78.2 16.0     SK 48.7 19.5     SL 8.6 -11.8
SM 43.9 12.5     SN 14.4 -14.5    SO 4.8 45.7      SR 4.1 -55.9     SS 7.3 30.2      ST 0.4 6.7       SV 13.7 -88.9
SX 18.0 -63.1    SY 35.0 38.5     SZ -26.6 31.5    TC 21.8 -71.8    TD 15.3 18.6     TF -49.3 69.5    TG 8.5 1.0
TH 15.1 101.0    TJ 38.5 71.0     TK -9.2 -171.8   TL -8.8 126.0    TM 39.1 59.4     TN 34.1 9.6      TO -21.2 -175.2
TR 39.1 35.2     TT 10.5 -61.3    TV -8.5 179.2    TW 23.8 121.0    TZ -6.3 34.8     UA 49.0 31.4     UG 1.3 32.4
UM 19.3 166.6    US 39.0 -97.0    UY -32.8 -56.0   UZ 41.8 63.1     VA 41.9 12.5     VC 13.2 -61.2    VE 7.1 -66.2
VG 18.4 -64.6    VI 18.0 -64.8    VN 16.6 106.3    VU -16.2 167.7   WF -13.8 -177.2  WS -13.8 -172.2  YE 15.9 47.6
YT -12.8 45.2    ZA -29.0 25.1    ZM -13.5 27.8    ZW -19.0 29.9
"""

_WORDS: Final = _TABLE.split()

COUNTRIES: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        code: (float(latitude), float(longitude))
        for code, latitude, longitude in zip(_WORDS[::3], _WORDS[1::3], _WORDS[2::3], strict=True)
    }
)
"""Country code -> (latitude, longitude) in degrees."""
